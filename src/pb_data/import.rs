//! Import of records into the store, in batches. A record that is there already is left as it is, so that an import that was
//! interrupted is begun again and ends as if it had not been.

use tokio::task::JoinHandle;

use super::error::Error;
use super::import_progress::{ImportObserver, Reporter};
use super::known_user::{self, Settled, as_it_could_come};
use super::logins::differing_logins;
use super::note::{Login, Note};
use super::pictures::{PictureBounds, import_pictures};
use super::problem::Problem;
use super::records::{Converted, record};
use super::report::Report;
use super::row::TableRow;
use super::source::Source;
use super::source_tables::Table;
use super::stored::as_imported;
use super::survey::survey;
use super::user_facts::UserFacts;
use super::user_survey::{Preference, survey_users};
use crate::domain::{Collection, Collections, Kind};
use crate::store::{self, Conflict, Record, Store, Write};

/// Records that one transaction brings.
const BATCH: usize = 2000;

/// Choices of whoever asks for an import.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions {
    /// The one of two users with the same phone who comes with it.
    pub preference: Preference,
    /// Whether PocketBase's access rules will hold here.
    pub with_rules: bool,
    /// Whether logins that will go otherwise are agreed to.
    pub is_accepted: bool,
    /// Bounds of pictures.
    pub pictures: PictureBounds,
}

/// Brings all that is in `source` into `store`.
///
/// # Errors
/// Each variant of [`Error`] but those about writing PocketBase's database; what was brought until then stays.
pub async fn import(
    source: &Source,
    store: &Store,
    options: ImportOptions,
    observer: &mut dyn ImportObserver,
) -> Result<Report, Error> {
    let imported = import_all(source, store, options, Reporter::new(observer)).await;
    // Of a file that is changed while it is read SQLite may say anything.
    if let Err(Error::Sqlite(_)) = imported {
        source.ensure_unchanged()?;
    }
    imported
}

async fn import_all(
    source: &Source,
    store: &Store,
    options: ImportOptions,
    mut reporter: Reporter<'_>,
) -> Result<Report, Error> {
    let logins = logins(source, store, options).await?;
    let users = survey_users(source, options.preference)?;
    survey(source, &mut reporter)?;
    source.ensure_unchanged()?;
    set_collections(source, store).await?;
    let mut import = Import {
        store,
        users: &users,
        reporter,
        pending: None,
    };
    let mut total = 0;
    for table in source.tables.in_order() {
        total += count_rows(source, table)?;
    }
    import.reporter.observer.total(total);
    for (kind, login) in logins.into_iter().chain(users.login()) {
        let note = Note::Login(login);
        import.reporter.note(kind.name(), "", &note);
    }
    for table in source.tables.in_order() {
        import.table(source, table).await?;
    }
    import_pictures(source, store, options.pictures, &mut import.reporter).await?;
    Ok(import.reporter.report)
}

/// The logins that will go otherwise, if all of them that have to be are agreed to.
async fn logins(
    source: &Source,
    store: &Store,
    options: ImportOptions,
) -> Result<Vec<(Kind, Login)>, Error> {
    let remembered = store.remembered().await?;
    let here = remembered
        .collections
        .unwrap_or_else(|| Collections::of_keys(&remembered.token_keys));
    let logins = differing_logins(source, &here, options.with_rules)?;
    let open = logins
        .iter()
        .filter(|(_, login)| login.needs_acceptance() && !options.is_accepted);
    let open: Vec<_> = open
        .map(|(kind, login)| format!("{}: {login}", kind.name()))
        .collect();
    match open.is_empty() {
        true => Ok(logins),
        false => Err(Error::NotAccepted(open.join("; "))),
    }
}

fn count_rows(source: &Source, table: &Table) -> Result<u64, Error> {
    let sql = format!("SELECT count(*) FROM `{}`", table.collection.kind.name());
    let rows: i64 = source.db.query_row(&sql, [], |row| row.get(0))?;
    Ok(rows.unsigned_abs())
}

/// Takes over the collections. First, so that no record is ever shown in another collection than its own. Rules that were set here
/// stay.
async fn set_collections(source: &Source, store: &Store) -> Result<(), Error> {
    let mut collections = source.tables.collections();
    let Some(known) = store.collections().await? else {
        return Ok(store.set_collections(collections).await?);
    };
    // Collections that began here are known when somebody has set a rule of theirs: they are nobody else's.
    if known.users.fields.is_some() && known.users.id != collections.users.id {
        ensure_nobody(store, known.users.id.clone()).await?;
    }
    for kind in Kind::ALL {
        keep_rules(collections.of_mut(kind), known.of(kind));
    }
    match known == collections {
        true => Ok(()),
        false => Ok(store.set_collections(collections).await?),
    }
}

/// Makes sure that nobody has come yet from the other PocketBase, whose collection of users is here.
async fn ensure_nobody(store: &Store, collection: String) -> Result<(), Error> {
    match store.count_users().await? + store.count_companies().await? {
        0 => Ok(()),
        records => Err(Error::AnotherDeployment {
            collection,
            records,
        }),
    }
}

/// Gives a collection the rules that it has here, and says so in its time of change.
fn keep_rules(collection: &mut Collection, known: &Collection) {
    if collection.rules != known.rules {
        collection.rules = known.rules.clone();
        collection.updated = collection.updated.max(known.updated);
    }
}

struct Import<'a, 'r> {
    store: &'a Store,
    users: &'a UserFacts,
    reporter: Reporter<'r>,
    pending: Option<Pending>,
}

/// A batch that is being written while the next one is read.
struct Pending {
    kind: Kind,
    records: Vec<Converted>,
    written: JoinHandle<Result<Vec<Result<Record, Conflict>>, store::Error>>,
}

impl Import<'_, '_> {
    /// In the order of the rows, which is that of creation: so are the numbers that the store gives.
    async fn table(&mut self, source: &Source, table: &Table) -> Result<(), Error> {
        let kind = table.collection.kind;
        let mut statement = source.db.prepare(&table.selection())?;
        let mut rows = statement.query([])?;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(row) = rows.next()? {
            let row = TableRow::new(row, table);
            match record(&row, table, self.users) {
                Ok(record) => batch.push(record),
                Err(problem) => {
                    self.refuse(kind, &row.text("id").unwrap_or_default(), problem);
                    self.reporter.observer.done(1);
                }
            }
            if batch.len() == BATCH {
                source.ensure_unchanged()?;
                self.add(kind, std::mem::take(&mut batch)).await?;
            }
        }
        source.ensure_unchanged()?;
        self.add(kind, batch).await?;
        self.finish_batch().await
    }

    async fn add(&mut self, kind: Kind, batch: Vec<Converted>) -> Result<(), Error> {
        let mut new = Vec::with_capacity(batch.len());
        for converted in batch {
            let id = converted.record.id();
            match self.store.record_by_id(kind, id).await? {
                None => new.push(converted),
                Some(known) => self.compare(kind, known, converted.record).await?,
            }
        }
        self.finish_batch().await?;
        if new.is_empty() {
            return Ok(());
        }
        let records = new.iter().map(|converted| converted.record.clone());
        let writes = records.map(Write::Insert).collect();
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
    async fn finish_batch(&mut self) -> Result<(), Error> {
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
        self.reporter.observer.done(records.len());
        for (converted, outcome) in records.into_iter().zip(outcomes) {
            match outcome {
                Ok(_) => self.came(kind, &converted),
                Err(conflict) => self.settle(kind, converted, conflict).await?,
            }
        }
        Ok(())
    }

    /// Counts a record that came, and says what was changed of it.
    fn came(&mut self, kind: Kind, converted: &Converted) {
        self.reporter.report.summary.of_mut(kind).new += 1;
        for change in &converted.changes {
            let note = Note::Changed(change.clone());
            let id = converted.record.id().as_str();
            self.reporter.note(kind.name(), id, &note);
        }
    }

    /// Brings what there is of a record that conflicts with another one here.
    async fn settle(
        &mut self,
        kind: Kind,
        converted: Converted,
        conflict: Conflict,
    ) -> Result<(), Error> {
        match known_user::settle(self.store, &converted, conflict).await? {
            Settled::Came(change) => {
                let Converted {
                    record,
                    mut changes,
                } = converted;
                changes.push(change);
                self.came(kind, &Converted { record, changes });
            }
            Settled::Same => self.reporter.report.summary.of_mut(kind).same += 1,
            Settled::Filled(change) => {
                self.reporter.report.summary.of_mut(kind).same += 1;
                let id = converted.record.id().as_str();
                self.reporter.note(kind.name(), id, &Note::Changed(change));
            }
            Settled::Refused(problem) => {
                self.refuse(kind, converted.record.id().as_str(), problem);
            }
        }
        Ok(())
    }

    /// A record that is here already: the same, or changed here, or else changed there.
    async fn compare(&mut self, kind: Kind, known: Record, record: Record) -> Result<(), Error> {
        let record = as_it_could_come(self.store, &known, record).await?;
        let is_newer = known.updated() > record.updated();
        self.reporter.observer.done(1);
        if as_imported(known, &record) == record {
            self.reporter.report.summary.of_mut(kind).same += 1;
        } else if is_newer {
            self.reporter.report.summary.of_mut(kind).newer_here += 1;
        } else {
            self.refuse(kind, record.id().as_str(), Problem::Differs);
        }
        Ok(())
    }

    fn refuse(&mut self, kind: Kind, id: &str, problem: Problem) {
        self.reporter.report.summary.of_mut(kind).refused += 1;
        self.reporter.note(kind.name(), id, &Note::Refused(problem));
    }
}
