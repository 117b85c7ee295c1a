//! Tables that a database is moved to. A row says so until its end, and how far it is: a move that was cut goes on.

use std::sync::Arc;

use tokio_postgres::Error as PgError;

use super::columns::column_number;
use super::errors::{failed, unreadable};
use super::hosts::Hosts;
use super::idle::{Seen, ensure_idle};
use super::move_source::PostgresReader;
use super::move_statements as moves_sql;
use super::move_writers::Writers;
use super::session::Session;
use super::state_values::StateRows;
use super::totals::Totals;
use super::{checks, migration, moves, statements as sql};
use crate::clock::Clock;
use crate::config::Url;
use crate::domain::{Origin, RecordId};
use crate::store::moving::{Batch, Numbers, Sum};
use crate::store::{Error, Remembered};

/// Batches after which it is written down how far the move is.
const BATCHES: usize = 4;

/// Tables that are filled.
pub struct NewTables {
    hosts: Arc<Hosts>,
    session: Session,
    seen: Seen,
    writers: Writers,
    users_to: Option<RecordId>,
    batches: usize,
}

impl NewTables {
    /// Begins a move to an empty database, or goes on with one that was cut.
    ///
    /// # Errors
    /// [`Error::Unfit`]: it has records, a server works on it, or another move is under way.
    pub async fn begin(
        url: &Url,
        source: (&str, &str),
        require_sync: bool,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let hosts = Hosts::parse(url.expose())?;
        let session = hosts.any().await?;
        checks::ensure_fit(&session, hosts.name(), require_sync).await?;
        migration::ensure_current(&hosts, &session).await?;
        let is_new = moves::find(&session).await?.is_none();
        if is_new {
            ensure_empty(&session, hosts.name()).await?;
        }
        let begun = moves::begin(&session, hosts.name(), source).await?;
        let idle = ensure_idle(&session, hosts.name(), clock).await;
        if idle.is_err() && is_new {
            moves::end(&session).await?;
        }
        Ok(Self {
            writers: Writers::start(&hosts).await?,
            hosts,
            session,
            seen: idle?,
            users_to: begun.users_to,
            batches: 0,
        })
    }

    /// The user up to whom all are there from a move that was cut.
    pub fn users_to(&self) -> Option<&RecordId> {
        self.users_to.as_ref()
    }

    /// Writes a batch, sooner or later.
    ///
    /// # Errors
    /// This one or one before it could not be written.
    pub async fn write(&mut self, batch: Batch) -> Result<(), Error> {
        self.writers.write(batch).await?;
        self.batches += 1;
        match self.writers.users_to() {
            Some(users_to) if self.batches.is_multiple_of(BATCHES) => {
                moves::mark(&self.session, &users_to).await
            }
            _ => Ok(()),
        }
    }

    /// Writes what there is one of, after all batches.
    ///
    /// # Errors
    /// Something could not be written.
    pub async fn fill(
        self,
        sum: &Sum,
        state: &Remembered,
        numbers: Numbers,
    ) -> Result<FilledTables, Error> {
        self.writers.finish().await?;
        let rows = StateRows::of(state)?;
        let filled = write_totals(&self.session, sum, &rows, numbers).await;
        filled.map_err(|error| failed(&error))?;
        Ok(FilledTables {
            hosts: self.hosts,
            session: self.session,
            seen: self.seen,
        })
    }
}

async fn ensure_empty(session: &Session, database: &str) -> Result<(), Error> {
    let rows = session.query(moves_sql::COUNT_SOME, &[]).await;
    let rows = rows.map_err(|e| failed(&e))?;
    let some: i64 = rows
        .first()
        .map_or(Ok(0), |row| row.try_get(0))
        .map_err(|e| unreadable(&e))?;
    match some {
        0 => Ok(()),
        _ => Err(Error::Unfit {
            database: database.to_owned(),
            reason: "it has records or events already: name an empty database, or drop the tables"
                .into(),
        }),
    }
}

/// Writes totals and state, all or nothing.
async fn write_totals(
    session: &Session,
    sum: &Sum,
    state: &StateRows,
    numbers: Numbers,
) -> Result<(), PgError> {
    session.run("BEGIN").await?;
    let rows = session.query(sql::LOCK_TOTALS, &[]).await?;
    let before = rows.first().and_then(|row| Totals::read(row).ok());
    let before = before.unwrap_or_default();
    session.execute(moves_sql::EMPTY_STATE, &[]).await?;
    session.execute(moves_sql::EMPTY_FAILURES, &[]).await?;
    session.execute(sql::WRITE_STATE, &state.columns()).await?;
    let totals = [
        sum.users,
        sum.companies,
        sum.superusers,
        sum.imported_hashes,
        numbers.users,
        numbers.companies,
        numbers.superusers,
        sum.avatars,
        sum.avatar_bytes,
        numbers.messages,
    ];
    let [
        users,
        companies,
        superusers,
        hashes,
        user,
        company,
        superuser,
        avatars,
        avatar_bytes,
        message,
    ] = totals.map(column_number);
    session
        .execute(
            sql::WRITE_TOTALS,
            &[
                &users,
                &companies,
                &superusers,
                &hashes,
                &user,
                &company,
                &superuser,
                &before.change,
                &(before.state + 1),
                &avatars,
                &avatar_bytes,
                &message,
            ],
        )
        .await?;
    let newest = column_number(numbers.events);
    for &origin in Origin::ALL {
        let (place, events) = (origin as i16, column_number(sum.events[origin as usize]));
        session
            .execute(sql::WRITE_EVENT_TOTAL, &[&place, &events, &newest])
            .await?;
    }
    session.run("COMMIT").await
}

/// Tables that have all, and that nobody may work with yet.
pub struct FilledTables {
    hosts: Arc<Hosts>,
    session: Session,
    seen: Seen,
}

impl FilledTables {
    /// A reader of what is in them.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn reader(&self) -> Result<PostgresReader, Error> {
        PostgresReader::of_filled(&self.hosts, &self.seen).await
    }

    /// Lets servers work with them.
    ///
    /// # Errors
    /// [`Error::Unfit`]: one does already.
    pub async fn finish(self) -> Result<(), Error> {
        let name = self.hosts.name();
        self.seen.ensure_same(&self.session, name).await?;
        moves::end(&self.session).await
    }
}
