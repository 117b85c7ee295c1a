//! Writing everybody into a new database of PocketBase: the way back.

mod new_row;
mod new_table;
mod pictures;
mod private_file;
mod relation;
mod secrets;

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params_from_iter};

use self::new_row::NewRow;
use self::new_table::NewTable;
use self::pictures::{NamingField, Pictures};
use self::private_file::{at, private_file};
use super::error::Error;
use super::files::beside;
use crate::domain::{Avatar, Collections, Kind, Phone, is_imported_hash};
use crate::random::Random;
use crate::records::collection::TokenLifetimes;
use crate::records::fields::of_record::is_for_superusers;
use crate::store::{Cursor, Order, Record, Store};

/// Users that are read at once.
const PAGE: usize = 1000;

/// The result of an export.
#[derive(Debug)]
pub struct Exported {
    /// Companies.
    pub companies: u64,
    /// Superusers.
    pub superusers: u64,
    /// Users.
    pub users: u64,
    /// Users and superusers with a password that PocketBase cannot verify, who got one that nobody knows.
    pub without_password: u64,
    /// The file that lists those.
    pub list: PathBuf,
    /// Fields that were relations to collections that are not here, and are texts now.
    pub relations: Vec<String>,
    /// Pictures of users.
    pub pictures: u64,
    /// Pictures for which the collection of users has no file field.
    pub pictures_left: u64,
    /// Columns for which the collections have no field.
    pub left_behind: BTreeSet<String>,
}

/// Writes `data.db` into the folder `out`, which is made for its owner only if it is not there.
///
/// # Errors
/// [`Error::Taken`] when there is a `data.db`, or a log of one; those of the store, of SQLite and of files. There is no `data.db` then.
pub async fn export(
    store: &Store,
    random: &Random,
    lifetimes: TokenLifetimes,
    out: &Path,
) -> Result<Exported, Error> {
    let path = out.join("data.db");
    let unfinished = out.join("data.db.new");
    // A log or journal of another database would be taken for one of the new one.
    if let Some(taken) = ["", "-wal", "-shm", "-journal"]
        .map(|suffix| beside(&path, suffix))
        .into_iter()
        .find(|file| file.exists())
    {
        return Err(Error::Taken(taken));
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(out)
        .map_err(at(out))?;
    // Instead of the rest of an export that was interrupted.
    drop(private_file(&unfinished)?);
    let list = out.join("without-password.tsv");
    let mut export = Export::begin(store, random, lifetimes, &unfinished, &list).await?;
    let by_creation = Order::UsersByCreated {
        newest_first: false,
    };
    for order in [
        Order::ById(Kind::Companies),
        Order::ById(Kind::Superusers),
        by_creation,
    ] {
        export.copy(store, order).await?;
    }
    let exported = export.finish()?;
    File::open(&unfinished)
        .and_then(|file| file.sync_all())
        .map_err(at(&unfinished))?;
    fs::rename(&unfinished, &path).map_err(at(&path))?;
    Ok(exported)
}

/// Whether a hash is one of ours, which PocketBase cannot check.
fn has_own_hash(hash: Option<&str>) -> bool {
    hash.is_some_and(|hash| !is_imported_hash(hash))
}

struct Export<'a> {
    db: Connection,
    random: &'a Random,
    users: NewTable,
    companies: NewTable,
    superusers: NewTable,
    pictures: Pictures,
    list: BufWriter<File>,
    exported: Exported,
}

impl<'a> Export<'a> {
    async fn begin(
        store: &Store,
        random: &'a Random,
        lifetimes: TokenLifetimes,
        path: &Path,
        list: &Path,
    ) -> Result<Self, Error> {
        let remembered = store.remembered().await?;
        let collections = remembered
            .collections
            .unwrap_or_else(|| Collections::of_keys(&remembered.token_keys));
        let db = Connection::open(path)?;
        // Nobody has the file before it is whole.
        db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")?;
        new_table::make_system(&db)?;
        let make = |kind| NewTable::make(&db, &collections, kind, lifetimes, random);
        let companies = make(Kind::Companies)?;
        let superusers = make(Kind::Superusers)?;
        let users = make(Kind::Users)?;
        let relations = [(Kind::Companies, &companies), (Kind::Users, &users)];
        let relations = relations.into_iter().flat_map(|(kind, table)| {
            let names = table.relations.iter();
            names.map(move |name| format!("{}.{name}", kind.name()))
        });
        let exported = Exported {
            companies: 0,
            superusers: 0,
            users: 0,
            without_password: 0,
            list: list.to_owned(),
            relations: relations.collect(),
            pictures: 0,
            pictures_left: 0,
            left_behind: BTreeSet::new(),
        };
        let out = path.parent().unwrap_or(path);
        let pictures = Pictures::of(store, &collections.users, &users.fields, out).await?;
        let list = BufWriter::new(private_file(list)?);
        Ok(Self {
            db,
            random,
            users,
            companies,
            superusers,
            pictures,
            list,
            exported,
        })
    }

    /// Copies the records of an order, a page after the other.
    async fn copy(&mut self, store: &Store, order: Order) -> Result<(), Error> {
        let mut cursor = Cursor::START;
        loop {
            let page = store.records_after(order, &cursor, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            cursor = Cursor::after(last);
            for record in &page {
                self.list_without_password(record)?;
                let picture = self.pictures.find(store, record).await?;
                self.insert(record.kind(), record, picture.as_ref())?;
                if let Some((_, avatar)) = picture {
                    self.pictures.write(record.id(), &avatar)?;
                }
                *self.count_mut(record.kind()) += 1;
            }
        }
    }

    fn count_mut(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::Users => &mut self.exported.users,
            Kind::Companies => &mut self.exported.companies,
            Kind::Superusers => &mut self.exported.superusers,
        }
    }

    /// Lists a record whose password PocketBase cannot check.
    fn list_without_password(&mut self, record: &Record) -> Result<(), Error> {
        match record {
            Record::User(user) if has_own_hash(user.password_hash.as_deref()) => {
                let phone = user.phone.as_ref().map_or("", Phone::as_str);
                let email = user.email.as_deref().unwrap_or_default();
                self.list(user.id.as_str(), user.openid.as_str(), phone, email)
            }
            Record::Superuser(superuser) if has_own_hash(Some(&superuser.password_hash)) => {
                self.list(superuser.id.as_str(), "", "", &superuser.email)
            }
            _ => Ok(()),
        }
    }

    fn insert(
        &mut self,
        kind: Kind,
        record: &Record,
        picture: Option<&(NamingField, Avatar)>,
    ) -> Result<(), Error> {
        let table = match kind {
            Kind::Users => &mut self.users,
            Kind::Companies => &mut self.companies,
            Kind::Superusers => &mut self.superusers,
        };
        let mut row = NewRow::new(record, &table.fields, picture, self.random)?;
        if row
            .left_behind
            .iter()
            .any(|name| is_for_superusers(kind, name))
        {
            table.add_fields_for_superusers(&self.db, kind)?;
            row = NewRow::new(record, &table.fields, picture, self.random)?;
        }
        self.db
            .prepare(&table.insertion)?
            .execute(params_from_iter(row.values))?;
        let name = |column| format!("{}.{column}", kind.name());
        self.exported
            .left_behind
            .extend(row.left_behind.into_iter().map(name));
        Ok(())
    }

    fn list(&mut self, id: &str, openid: &str, phone: &str, email: &str) -> Result<(), Error> {
        self.exported.without_password += 1;
        writeln!(self.list, "{id}\t{openid}\t{phone}\t{email}").map_err(at(&self.exported.list))
    }

    fn finish(mut self) -> Result<Exported, Error> {
        self.list.flush().map_err(at(&self.exported.list))?;
        self.db.execute_batch("COMMIT")?;
        self.db.close().map_err(|(_, error)| error)?;
        self.exported.pictures = self.pictures.written;
        self.exported.pictures_left = self.pictures.left();
        Ok(self.exported)
    }
}
