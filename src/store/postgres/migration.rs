//! Migration of the tables. One row is locked meanwhile, so that of many who begin one does it, and the others see it done.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Error as PgError;

use super::definitions::{SCHEMA, STEPS, Step, VERSION};
use super::errors::{unreadable, words};
use super::hosts::Hosts;
use super::session::Session;
use crate::store::Error;

/// Time that a migration may take, and wait for another one's.
const PATIENCE: Duration = Duration::from_mins(10);
/// Pause before a statement that met another's is sent again.
const PAUSE: Duration = Duration::from_millis(50);

const READ_VERSION: &str = "SELECT version, oldest FROM bai_schema WHERE one = 1";
const LOCK_VERSION: &str = "SELECT version, oldest FROM bai_schema WHERE one = 1 FOR UPDATE";
const WRITE_VERSION: &str = "UPDATE bai_schema SET version = $1, oldest = $2 WHERE one = 1";

/// Versions of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// That they have.
    pub version: i64,
    /// The oldest of a program that may work with them.
    pub oldest: i64,
}

/// Makes the tables in an empty database, and refuses one whose tables are not for this program.
///
/// # Errors
/// [`Error::OlderSchema`], [`Error::NewerSchema`], [`Error::Unavailable`].
pub async fn ensure_current(hosts: &Hosts, session: &Session) -> Result<(), Error> {
    let found = match versions(session).await? {
        None | Some(Versions { version: 0, .. }) => migrate(hosts, STEPS).await?,
        Some(found) => found,
    };
    judge(hosts.name(), found)
}

/// Tables that were brought from one version to another; the same: there was nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TablesMigration {
    /// Version before; nothing: there were no tables.
    pub from: Option<i64>,
    /// Version now.
    pub to: i64,
}

/// Takes the steps that are missing, unless the tables are of a newer program.
///
/// # Errors
/// [`Error::NewerSchema`], [`Error::Failed`] with PostgreSQL's words, [`Error::Unavailable`].
pub async fn bring_up_to_date(hosts: &Hosts, session: &Session) -> Result<TablesMigration, Error> {
    let found = versions(session).await?.filter(|found| found.version > 0);
    let now = match found {
        Some(found) if found.version >= VERSION => found,
        _ => migrate(hosts, STEPS).await?,
    };
    judge(hosts.name(), now)?;
    Ok(TablesMigration {
        from: found.map(|found| found.version),
        to: now.version,
    })
}

/// Whether a program of this version may work with such tables: those of its own, or newer ones that still know it.
fn judge(database: &str, found: Versions) -> Result<(), Error> {
    let path = || database.to_owned();
    let number = |version: i64| u32::try_from(version).unwrap_or(u32::MAX);
    if found.version < VERSION {
        return Err(Error::OlderTables {
            database: path(),
            found: number(found.version),
            known: number(VERSION),
        });
    }
    if found.oldest > VERSION {
        return Err(Error::NewerSchema {
            path: path(),
            found: number(found.version),
            known: number(VERSION),
        });
    }
    Ok(())
}

/// Versions of the tables; nothing: there are none.
pub async fn versions(session: &Session) -> Result<Option<Versions>, Error> {
    const TABLE: &str = "SELECT count(*) FROM information_schema.tables \
                         WHERE table_name = 'bai_schema' AND table_schema = current_schema()";
    let tables = session.query(TABLE, &[]).await.map_err(|e| failed(&e))?;
    let count: i64 = tables
        .first()
        .map_or(Ok(0), |row| row.try_get(0))
        .map_err(|e| unreadable(&e))?;
    match count {
        0 => Ok(None),
        _ => read(session, READ_VERSION).await,
    }
}

async fn read(session: &Session, statement: &'static str) -> Result<Option<Versions>, Error> {
    let rows = session
        .query(statement, &[])
        .await
        .map_err(|e| failed(&e))?;
    let row = rows.first().map(|row| {
        Ok(Versions {
            version: row.try_get(0)?,
            oldest: row.try_get(1)?,
        })
    });
    row.transpose().map_err(|e: PgError| unreadable(&e))
}

/// Takes the steps that the tables have not had; the versions that they have then. May be done by many at once, and again after it
/// was cut.
///
/// # Errors
/// [`Error::Failed`] with PostgreSQL's words, [`Error::Unavailable`].
pub async fn migrate(hosts: &Hosts, steps: &[Step]) -> Result<Versions, Error> {
    let deadline = Instant::now() + PATIENCE;
    let (lock, work) = (hosts.any().await?, hosts.any().await?);
    for statement in SCHEMA {
        run(&work, statement, deadline).await?;
    }
    // The transaction is idle while the steps are taken, and others wait for its lock.
    lock.run("SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        .await
        .map_err(|e| failed(&e))?;
    loop {
        match steps_under_lock(&lock, &work, steps, deadline).await {
            Err(error) if is_in_the_way(&error) && Instant::now() < deadline => {
                lock.run("ROLLBACK").await.map_err(|e| failed(&e))?;
                sleep(PAUSE).await;
            }
            ended => return ended.map_err(|e| failed(&e)),
        }
    }
}

async fn steps_under_lock(
    lock: &Session,
    work: &Session,
    steps: &[Step],
    deadline: Instant,
) -> Result<Versions, PgError> {
    lock.run("BEGIN").await?;
    let rows = lock.query(LOCK_VERSION, &[]).await?;
    let mut versions = match rows.first() {
        Some(row) => Versions {
            version: row.try_get(0)?,
            oldest: row.try_get(1)?,
        },
        None => Versions {
            version: 0,
            oldest: 0,
        },
    };
    let found = versions.version;
    for step in steps.iter().filter(|step| step.version > found) {
        for statement in step.statements {
            retry(work, statement, deadline).await?;
        }
        versions = Versions {
            version: step.version,
            oldest: step.oldest,
        };
    }
    lock.execute(WRITE_VERSION, &[&versions.version, &versions.oldest])
        .await?;
    lock.run("COMMIT").await?;
    Ok(versions)
}

async fn run(session: &Session, statement: &str, deadline: Instant) -> Result<(), Error> {
    retry(session, statement, deadline)
        .await
        .map_err(|error| failed(&error))
}

/// Sends a statement again for as long as others make the same tables.
async fn retry(session: &Session, statement: &str, deadline: Instant) -> Result<(), PgError> {
    loop {
        match session.run(statement).await {
            Err(error) if is_in_the_way(&error) && Instant::now() < deadline => sleep(PAUSE).await,
            ended => return ended,
        }
    }
}

/// Whether another one was making the same: `IF NOT EXISTS` looks before it makes, and two may look at once.
fn is_in_the_way(error: &PgError) -> bool {
    let code = error.code().map(tokio_postgres::error::SqlState::code);
    // unique_violation, duplicate_table, duplicate_object, serialization_failure, deadlock_detected, internal_error ("tuple
    // concurrently updated").
    matches!(
        code,
        Some("23505" | "42P07" | "42710" | "40001" | "40P01" | "XX000")
    )
}

fn failed(error: &PgError) -> Error {
    match error.code() {
        Some(_) => Error::Failed(words(error)),
        None => Error::Unavailable(words(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_works_with_its_own_tables_and_with_newer_ones_that_know_it() {
        let judged = |version, oldest| judge("db", Versions { version, oldest });
        assert!(judged(VERSION, VERSION).is_ok());
        assert!(judged(VERSION + 1, VERSION).is_ok());
        assert!(matches!(
            judged(VERSION + 2, VERSION + 1),
            Err(Error::NewerSchema { .. })
        ));
        assert!(matches!(
            judged(VERSION - 1, 0),
            Err(Error::OlderTables { .. })
        ));
    }

    #[test]
    fn versions_of_steps_go_up_and_let_the_one_before_run() {
        let mut before = 0;
        for step in STEPS {
            assert_eq!(step.version, before + 1);
            assert!(step.oldest < step.version || step.version == 1);
            before = step.version;
        }
        assert_eq!(before, VERSION);
    }
}
