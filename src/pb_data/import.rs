//! Bringing records into the store, in batches. What is there already is left as it is, so an import that was
//! interrupted is begun again and ends as if it had not been.

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::records::{Problem, record};
use super::row::Columns;
use super::source_tables::Table;
use super::{Error, Source};
use crate::domain::{Kind, Superuser, User};
use crate::store::{self, Conflict, Record, Store, Write};

/// Records that one transaction brings.
const BATCH: usize = 2000;

/// What became of the records of one collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Tally {
    /// Brought here.
    pub new: u64,
    /// Here already, the same.
    pub same: u64,
    /// Here already, and changed here since; left as they are.
    pub newer_here: u64,
    /// Not brought, because of a [`Problem`].
    pub refused: u64,
}

/// What became of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Summary {
    /// Companies.
    pub companies: Tally,
    /// Superusers.
    pub superusers: Tally,
    /// Users.
    pub users: Tally,
}

/// A record that is not brought.
pub struct Found<'a> {
    /// The collection's kind.
    pub kind: Kind,
    /// The record's id, as PocketBase has it.
    pub id: &'a str,
    /// Why.
    pub problem: Problem,
}

/// Who is told how it goes on.
pub trait Watcher {
    /// So many records there are to read.
    fn total(&mut self, records: u64);
    /// So many more were read and dealt with.
    fn done(&mut self, records: usize);
    /// One is not brought.
    ///
    /// # Errors
    /// The watcher could not keep it; the import ends.
    fn found(&mut self, found: &Found<'_>) -> std::io::Result<()>;
}

impl Summary {
    /// What became of the records of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Tally {
        match kind {
            Kind::Users => self.users,
            Kind::Companies => self.companies,
            Kind::Superusers => self.superusers,
        }
    }

    fn of_mut(&mut self, kind: Kind) -> &mut Tally {
        match kind {
            Kind::Users => &mut self.users,
            Kind::Companies => &mut self.companies,
            Kind::Superusers => &mut self.superusers,
        }
    }

    /// How many records were not brought.
    #[must_use]
    pub fn refused(&self) -> u64 {
        Kind::ALL.iter().map(|kind| self.of(*kind).refused).sum()
    }
}

/// Brings all that is in `source` into `store`.
///
/// # Errors
/// Each variant of [`Error`] but those about writing PocketBase's database; what was brought until then stays.
pub async fn import(
    source: &Source,
    store: &Store,
    watcher: &mut dyn Watcher,
) -> Result<Summary, Error> {
    set_collections(source, store).await?;
    let mut import = Import {
        store,
        watcher,
        summary: Summary::default(),
        pending: None,
    };
    let count = |table: &Table| {
        let sql = format!("SELECT count(*) FROM `{}`", table.collection.kind.name());
        source.db.query_row(&sql, [], |row| row.get::<_, i64>(0))
    };
    let counts = source
        .tables
        .in_order()
        .map(count)
        .collect::<Result<Vec<_>, _>>()?;
    import
        .watcher
        .total(counts.iter().sum::<i64>().unsigned_abs());
    for table in source.tables.in_order() {
        import.table(source, table).await?;
    }
    Ok(import.summary)
}

/// First, so that no record is ever shown in another collection than its own.
async fn set_collections(source: &Source, store: &Store) -> Result<(), Error> {
    let collections = source.tables.collections();
    match store.collections()? {
        Some(known) if known == collections => Ok(()),
        Some(known) if known.users.id != collections.users.id => {
            Err(Error::AnotherDeployment(known.users.id))
        }
        _ => Ok(store.set_collections(collections).await?),
    }
}

struct Import<'a> {
    store: &'a Store,
    watcher: &'a mut dyn Watcher,
    summary: Summary,
    pending: Option<Pending>,
}

/// A batch that is being written while the next one is read.
struct Pending {
    kind: Kind,
    records: Vec<Record>,
    written: JoinHandle<Result<Vec<Result<Record, Conflict>>, store::Error>>,
}

impl Import<'_> {
    /// In the order of the rows, which is that of creation: so are the numbers that the store gives.
    async fn table(&mut self, source: &Source, table: &Table) -> Result<(), Error> {
        let kind = table.collection.kind;
        let mut statement = source
            .db
            .prepare(&format!("SELECT * FROM `{}` ORDER BY rowid", kind.name()))?;
        let mut rows = statement.query([])?;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(row) = rows.next()? {
            let columns = Columns::new(row, table);
            match record(&columns, table) {
                Ok(record) => batch.push(record),
                Err(problem) => {
                    self.refuse(kind, &columns.text("id").unwrap_or_default(), problem)?;
                    self.watcher.done(1);
                }
            }
            if batch.len() == BATCH {
                self.bring(kind, std::mem::take(&mut batch)).await?;
            }
        }
        self.bring(kind, batch).await?;
        self.settle().await
    }

    async fn bring(&mut self, kind: Kind, batch: Vec<Record>) -> Result<(), Error> {
        let mut new = Vec::with_capacity(batch.len());
        for record in batch {
            match self.store.record_by_id(kind, record.id()).await? {
                None => new.push(record),
                Some(known) => self.compare(kind, known, &record)?,
            }
        }
        self.settle().await?;
        if new.is_empty() {
            return Ok(());
        }
        let writes = new.iter().cloned().map(Write::Insert).collect();
        let store = self.store.clone();
        let written = tokio::spawn(async move { store.commit_each(writes).await });
        self.pending = Some(Pending {
            kind,
            records: new,
            written,
        });
        Ok(())
    }

    /// Waits for the batch that is being written, if there is one.
    async fn settle(&mut self) -> Result<(), Error> {
        let Some(Pending {
            kind,
            records,
            written,
        }) = self.pending.take()
        else {
            return Ok(());
        };
        let outcomes = written
            .await
            .map_err(|e| store::Error::Failed(e.to_string()))??;
        self.watcher.done(records.len());
        for (record, outcome) in records.into_iter().zip(outcomes) {
            match outcome {
                Ok(_) => self.summary.of_mut(kind).new += 1,
                Err(conflict) => {
                    let problem = taken(self.store, &record, conflict).await?;
                    self.refuse(kind, record.id().as_str(), problem)?;
                }
            }
        }
        Ok(())
    }

    /// A record that is here already: the same, or changed here, or else changed there.
    fn compare(&mut self, kind: Kind, known: Record, record: &Record) -> Result<(), Error> {
        let (known_updated, updated) = (known.updated(), record.updated());
        self.watcher.done(1);
        if as_imported(known, record) == *record {
            self.summary.of_mut(kind).same += 1;
        } else if known_updated > updated {
            self.summary.of_mut(kind).newer_here += 1;
        } else {
            self.refuse(kind, record.id().as_str(), Problem::Differs)?;
        }
        Ok(())
    }

    fn refuse(&mut self, kind: Kind, id: &str, problem: Problem) -> Result<(), Error> {
        self.summary.of_mut(kind).refused += 1;
        let found = Found { kind, id, problem };
        self.watcher.found(&found).map_err(|cause| Error::File {
            path: "the report".into(),
            cause,
        })
    }
}

/// What is here, but for what changes without anybody changing the record: its number, and a hash that a login renewed.
fn as_imported(known: Record, record: &Record) -> Record {
    match (known, record) {
        (Record::User(known), Record::User(user)) => Record::User(User {
            number: user.number,
            password_hash: renewed(known.password_hash, user.password_hash.as_ref()),
            ..known
        }),
        (Record::Superuser(known), Record::Superuser(superuser)) => {
            let hash = renewed(Some(known.password_hash), Some(&superuser.password_hash));
            Record::Superuser(Superuser {
                number: superuser.number,
                password_hash: hash.unwrap_or_default(),
                ..known
            })
        }
        (Record::Company(mut known), Record::Company(company)) => {
            known.number = company.number;
            Record::Company(known)
        }
        (known, _) => known,
    }
}

/// A login makes a hash of ours of an imported one, and a new password comes with another token key.
fn renewed(known: Option<String>, imported: Option<&String>) -> Option<String> {
    match &known {
        Some(hash) if hash.starts_with("$scrypt$") && imported.is_some() => imported.cloned(),
        _ => known,
    }
}

/// Who has what the record would need for itself.
async fn taken(store: &Store, record: &Record, conflict: Conflict) -> Result<Problem, Error> {
    let (column, owner) = match (record, conflict) {
        (Record::User(user), Conflict::OpenId) => (
            "openid",
            store
                .user_by_openid(&user.openid)
                .await?
                .map(|user| user.id),
        ),
        (Record::User(user), Conflict::Phone) => {
            let owner = match &user.phone {
                Some(phone) => store.user_by_phone(phone).await?,
                None => None,
            };
            ("users_phone", owner.map(|user| user.id))
        }
        (Record::User(user), Conflict::Email) => {
            let email = user.email.as_deref().unwrap_or_default();
            (
                "email",
                store.user_by_email(email).await?.map(|user| user.id),
            )
        }
        (Record::Superuser(superuser), _) => (
            "email",
            store
                .superuser_by_email(&superuser.email)
                .await?
                .map(|superuser| superuser.id),
        ),
        (Record::Company(company), _) => {
            let owner = store.company_by_company_id(&company.company_id).await?;
            ("company_id", owner.map(|company| company.id))
        }
        (Record::User(_), _) => ("id", None),
    };
    let owner = owner.map_or_else(|| "another record".to_owned(), |owner| owner.to_string());
    Ok(Problem::Taken { column, owner })
}
