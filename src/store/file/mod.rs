//! The store in one redb file: records by id, with indexes beside them.

mod backup;
mod batch;
mod blocks;
mod check;
mod commit;
mod engine;
mod events;
mod identity;
mod layout;
mod new_file;
mod open;
mod overlay;
mod pages;
mod restore;
mod revoke;
mod room;
mod scan;
mod schema;
mod stage;
mod stats;
mod storage;
mod stored;
mod tables;
mod unwind;
mod upkeep;
mod write;
mod writer;

use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use redb::{AccessGuard, ReadableTable, ReadableTableMetadata};
use tokio::sync::{broadcast, watch};

pub use self::backup::Progress;
use self::engine::Engine;
pub use self::identity::peek;
pub use self::new_file::{NewDatabase, Unfinished, sync_and_drop_cache, sync_folder};
pub use self::restore::restore;
pub use self::room::{ensure as ensure_room, own_like};
pub use self::storage::{open_itself, open_itself_to_write, resolve};
use self::tables::{
    COMPANIES, COMPANIES_BY_KEY, META, META_IMPORTED_HASHES, SUPERUSERS, SUPERUSERS_BY_EMAIL,
    Tables, USERS, USERS_BY_CREATED, USERS_BY_EMAIL, USERS_BY_OPENID, USERS_BY_PHONE,
};
pub use self::write::Edit;
use self::writer::Writer;
use super::{Change, Conflict, Error, Location, Record, Remembered, UserUpdate, Write};
use crate::domain::{
    Collections, Company, NativeEmail, NewUser, OpenId, Phone, RecordId, RevocationWindow,
    ServerKey, Superuser, User, UserNumber,
};

pub struct Embedded {
    // Dropped first: the writer's thread holds the other handle of the engine.
    writer: Writer,
    engine: Arc<Engine>,
    replaced: watch::Sender<()>,
}

impl Embedded {
    pub fn open(location: &Location, cache_bytes: usize) -> Result<Self, Error> {
        let engine = Arc::new(schema::CURRENT.open(location, cache_bytes)?);
        if let Some(path) = engine.file() {
            restore::forget_unfinished(path);
        }
        Ok(Self {
            writer: Writer::spawn(Arc::clone(&engine))?,
            engine,
            replaced: watch::Sender::new(()),
        })
    }

    pub fn count_users(&self) -> Result<u64, Error> {
        self.engine.read(|txn| Ok(txn.open_table(USERS)?.len()?))
    }

    pub fn count_imported_hashes(&self) -> Result<u64, Error> {
        self.engine
            .read(|txn| tables::read_number(&txn.open_table(META)?, META_IMPORTED_HASHES))
    }

    pub fn users_after(
        &self,
        after: Option<(Timestamp, UserNumber)>,
        limit: usize,
    ) -> Result<Vec<User>, Error> {
        let after = after.map_or(Bound::Unbounded, |(created, number)| {
            Bound::Excluded((created.as_millisecond(), number.0))
        });
        self.engine.read(|txn| {
            let (by_created, users) = (txn.open_table(USERS_BY_CREATED)?, txn.open_table(USERS)?);
            let entries = by_created
                .range::<(i64, u64)>((after, Bound::Unbounded))?
                .take(limit);
            let user = |entry: Result<(_, AccessGuard<&str>), _>| {
                let (_, id) = entry?;
                let bytes = users.get(id.value())?;
                let bytes = bytes.ok_or_else(|| led_astray(id.value()))?;
                stored::decode_user(id.value(), bytes.value())
            };
            entries.map(user).collect()
        })
    }

    pub fn companies_after(
        &self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<Company>, Error> {
        let after = after.map_or(Bound::Unbounded, |id| Bound::Excluded(id.as_str()));
        self.engine.read(|txn| {
            let companies = txn.open_table(COMPANIES)?;
            let entries = companies
                .range::<&str>((after, Bound::Unbounded))?
                .take(limit);
            entries
                .map(|entry| {
                    entry
                        .map_err(Error::from)
                        .and_then(|(id, bytes)| stored::decode_company(id.value(), bytes.value()))
                })
                .collect()
        })
    }

    pub fn superusers(&self) -> Result<Vec<Superuser>, Error> {
        self.engine.read(|txn| {
            let superusers = txn.open_table(SUPERUSERS)?;
            let entries = superusers.iter()?;
            entries
                .map(|entry| {
                    entry
                        .map_err(Error::from)
                        .and_then(|(id, bytes)| stored::decode_superuser(id.value(), bytes.value()))
                })
                .collect()
        })
    }

    pub fn user_by_id(&self, id: &RecordId) -> Result<Option<User>, Error> {
        self.engine.read(|txn| read_user(txn, id.as_str()))
    }

    pub fn user_by_openid(&self, openid: &OpenId) -> Result<Option<User>, Error> {
        self.engine.read(
            |txn| match txn.open_table(USERS_BY_OPENID)?.get(openid.as_str())? {
                Some(id) => read_indexed(txn, id.value(), |user| user.openid == *openid).map(Some),
                None => Ok(None),
            },
        )
    }

    pub fn user_by_phone(&self, phone: &Phone) -> Result<Option<User>, Error> {
        self.engine.read(
            |txn| match txn.open_table(USERS_BY_PHONE)?.get(phone.as_str())? {
                Some(id) => {
                    read_indexed(txn, id.value(), |user| user.phone.as_ref() == Some(phone))
                        .map(Some)
                }
                None => Ok(None),
            },
        )
    }

    pub fn user_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        let has_it = |user: &User| user.email.as_deref() == Some(email);
        let by_index =
            self.engine
                .read(|txn| match txn.open_table(USERS_BY_EMAIL)?.get(email)? {
                    Some(id) => read_indexed(txn, id.value(), has_it).map(Some),
                    None => Ok(None),
                })?;
        if by_index.is_some() {
            return Ok(by_index);
        }
        let native = match User::of_native_email(email) {
            Some(NativeEmail::ManagePlatform(openid)) => self.user_by_openid(&openid)?,
            Some(NativeEmail::WeChat(id)) => self.user_by_id(&id)?,
            None => None,
        };
        Ok(native.filter(has_it))
    }

    pub fn company_by_id(&self, id: &RecordId) -> Result<Option<Company>, Error> {
        self.engine.read(|txn| read_company(txn, id.as_str()))
    }

    pub fn company_by_company_id(&self, company_id: &str) -> Result<Option<Company>, Error> {
        self.engine.read(
            |txn| match txn.open_table(COMPANIES_BY_KEY)?.get(company_id)? {
                Some(id) => read_company(txn, id.value()),
                None => Ok(None),
            },
        )
    }

    pub fn superuser_by_id(&self, id: &RecordId) -> Result<Option<Superuser>, Error> {
        self.engine.read(|txn| read_superuser(txn, id.as_str()))
    }

    pub fn superuser_by_email(&self, email: &str) -> Result<Option<Superuser>, Error> {
        self.engine.read(
            |txn| match txn.open_table(SUPERUSERS_BY_EMAIL)?.get(email)? {
                Some(id) => read_superuser(txn, id.value()),
                None => Ok(None),
            },
        )
    }

    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.writer.changes()
    }

    pub async fn end_revocation_windows(&self, now: Timestamp) -> Result<(), Error> {
        let revocation_windows = self.remembered()?.revocation_windows;
        let ended = RevocationWindow::ended(revocation_windows.clone(), now);
        if ended == revocation_windows {
            Ok(())
        } else {
            self.writer
                .write(move |tables| tables.set_revocation_windows(&ended))
                .await
        }
    }

    pub fn replaced(&self) -> watch::Receiver<()> {
        self.replaced.subscribe()
    }

    pub fn remembered(&self) -> Result<Remembered, Error> {
        self.engine.read(tables::remembered)
    }

    pub async fn set_collections(&self, collections: Collections) -> Result<(), Error> {
        self.writer
            .write(move |tables| tables.set_collections(&collections))
            .await
    }

    pub fn token_keys(&self) -> Result<Vec<ServerKey>, Error> {
        self.engine
            .read(|txn| tables::read_token_keys(&txn.open_table(META)?))
    }

    pub async fn insert_user(&self, new: NewUser) -> Result<Result<User, Conflict>, Error> {
        self.writer
            .write(move |tables| write::insert_user(tables, new.clone()))
            .await
    }

    pub async fn find_or_insert_user(
        &self,
        new: NewUser,
    ) -> Result<Result<(User, bool), Conflict>, Error> {
        let find_or_insert =
            move |tables: &mut Tables<'_>| match tables.user_by_openid(new.openid())? {
                Some(user) => Ok(Ok((user, false))),
                None => Ok(write::insert_user(tables, new.clone())?.map(|user| (user, true))),
            };
        self.writer.write(find_or_insert).await
    }

    pub async fn update_user(
        &self,
        id: RecordId,
        update: UserUpdate,
        now: Timestamp,
    ) -> Result<Result<User, Conflict>, Error> {
        self.writer
            .write(move |tables| write::update_user(tables, &id, update.clone(), now))
            .await
    }

    pub async fn replace_password_hash(
        &self,
        id: RecordId,
        old: String,
        new: String,
    ) -> Result<(), Error> {
        let replace = move |tables: &mut Tables<'_>| match tables.user(id.as_str())? {
            Some(before) if before.password_hash.as_ref() == Some(&old) => {
                let after = User {
                    password_hash: Some(new.clone()),
                    ..before.clone()
                };
                tables.change_user(&before, &after)
            }
            _ => Ok(()),
        };
        self.writer.write(replace).await
    }

    pub async fn replace_superuser_hash(
        &self,
        id: RecordId,
        old: String,
        new: String,
    ) -> Result<(), Error> {
        let replace = move |tables: &mut Tables<'_>| match tables.superuser(id.as_str())? {
            Some(before) if before.password_hash == old => {
                let after = Superuser {
                    password_hash: new.clone(),
                    ..before.clone()
                };
                tables.change_superuser(&before, &after)
            }
            _ => Ok(()),
        };
        self.writer.write(replace).await
    }

    pub async fn write(
        &self,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Result<Result<Vec<Record>, (usize, Conflict)>, Error> {
        self.writer
            .write(move |tables| write::run(tables, writes.clone(), now))
            .await
    }

    pub async fn edit<T, E, F>(&self, now: Timestamp, decide: F) -> Result<Result<T, E>, Error>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: Fn(&mut Edit<'_, '_>) -> Result<Result<T, E>, Error> + Send + 'static,
    {
        self.writer
            .write(move |tables| write::edit(tables, now, &decide))
            .await
    }

    pub async fn write_each(
        &self,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Result<Vec<Result<Record, Conflict>>, Error> {
        self.writer
            .write(move |tables| write::run_each(tables, writes.clone(), now))
            .await
    }

    pub async fn add_token_key(&self, key: ServerKey, drop_before: Timestamp) -> Result<(), Error> {
        let add = move |tables: &mut Tables<'_>| {
            let keys = tables.token_keys()?;
            // By place, not by time: a clock that was set back must not cost a key that is in use.
            let last_old = keys.iter().rposition(|key| key.created < drop_before);
            let stays =
                |(n, key): &(usize, ServerKey)| key.created >= drop_before || Some(*n) == last_old;
            let mut keys: Vec<_> = keys
                .into_iter()
                .enumerate()
                .filter(stays)
                .map(|(_, key)| key)
                .collect();
            keys.push(key.clone());
            tables.set_token_keys(&keys)
        };
        self.writer.write(add).await
    }
}

fn read_user(txn: &redb::ReadTransaction, id: &str) -> Result<Option<User>, Error> {
    txn.open_table(USERS)?
        .get(id)?
        .map(|bytes| stored::decode_user(id, bytes.value()))
        .transpose()
}

fn read_company(txn: &redb::ReadTransaction, id: &str) -> Result<Option<Company>, Error> {
    txn.open_table(COMPANIES)?
        .get(id)?
        .map(|bytes| stored::decode_company(id, bytes.value()))
        .transpose()
}

fn read_superuser(txn: &redb::ReadTransaction, id: &str) -> Result<Option<Superuser>, Error> {
    txn.open_table(SUPERUSERS)?
        .get(id)?
        .map(|bytes| stored::decode_superuser(id, bytes.value()))
        .transpose()
}

/// The user that an index entry leads to; an entry that leads elsewhere is damage, not an answer.
fn read_indexed(
    txn: &redb::ReadTransaction,
    id: &str,
    is_it: impl Fn(&User) -> bool,
) -> Result<User, Error> {
    let user = read_user(txn, id)?.filter(is_it);
    user.ok_or_else(|| led_astray(id))
}

fn led_astray(id: &str) -> Error {
    Error::Damaged(format!("an index entry leads to user {id}"))
}

macro_rules! from_storage_error {
    ($($error:ident),+) => {
        $(impl From<redb::$error> for Error {
            fn from(error: redb::$error) -> Self {
                match error {
                    redb::$error::Storage(error) => error.into(),
                    error => Self::Failed(error.to_string()),
                }
            }
        })+
    };
}

from_storage_error!(TableError, TransactionError, CommitError);

impl From<redb::StorageError> for Error {
    fn from(error: redb::StorageError) -> Self {
        match error {
            redb::StorageError::Io(e) if blocks::is_damage(&e) || blocks::is_unread(&e) => {
                Self::Damaged(e.to_string())
            }
            error => Self::Failed(error.to_string()),
        }
    }
}
