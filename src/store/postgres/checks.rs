//! Checks of a database before anything is stored in it.

use tokio_postgres::Error as PgError;
use tokio_postgres::error::SqlState;

use super::errors::{unreadable, words};
use super::session::Session;
use crate::store::Error;

/// Values of `synchronous_commit` with which a commit waits until the standby has it on its disk.
const DURABLE: [&str; 2] = ["on", "remote_apply"];

/// Refuses a database that would lose or misplace something.
///
/// # Errors
/// [`Error::Unfit`] in words that say what to set; [`Error::Unavailable`].
pub async fn ensure_fit(session: &Session, name: &str, require_sync: bool) -> Result<(), Error> {
    let unfit = |reason: String| Error::Unfit {
        database: name.to_owned(),
        reason,
    };
    let encoding = show(session, "SHOW server_encoding")
        .await?
        .unwrap_or_default();
    if !matches!(encoding.to_ascii_uppercase().as_str(), "UTF8" | "UTF-8") {
        return Err(unfit(format!(
            "its encoding is {encoding}, and has to be UTF8: make it with \"CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' \
             LOCALE 'C'\""
        )));
    }
    if !is_ordered_by_bytes(session).await? {
        let collation = collation(session).await;
        return Err(unfit(format!(
            "its collation is {collation}, and has to be C: others change with the system's libraries, and then indexes do not find \
             what is there. Make it with \"CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'\""
        )));
    }
    match require_sync {
        true => ensure_synchronous(session).await?.map_err(unfit),
        false => Ok(()),
    }
}

/// Whether texts are in the order of their bytes.
async fn is_ordered_by_bytes(session: &Session) -> Result<bool, Error> {
    const COMPARE: &str = "SELECT 'B'::text < 'a'::text AND 'Z'::text < 'a'::text AND '~'::text < 'é'::text \
                           AND '-'::text < 'B'::text AND 'a'::text <> 'A'::text";
    let rows = session.query(COMPARE, &[]).await.map_err(unasked)?;
    let row = rows.first();
    row.map_or(Ok(false), |row| row.try_get(0).map_err(|e| unreadable(&e)))
}

/// The collation of the database, by its name.
pub async fn collation(session: &Session) -> String {
    const COLLATION: &str =
        "SELECT datcollate::text FROM pg_database WHERE datname = current_database()";
    let rows = session.query(COLLATION, &[]).await.unwrap_or_default();
    let found = rows.first().and_then(|row| row.try_get(0).ok());
    found.unwrap_or_else(|| "another one".to_owned())
}

/// Settings that are missing for commits that survive the loss of a machine.
async fn ensure_synchronous(session: &Session) -> Result<Result<(), String>, Error> {
    if has_consensus(session).await? {
        return Ok(Ok(()));
    }
    let commit = show(session, "SHOW synchronous_commit")
        .await?
        .unwrap_or_default();
    let standbys = show(session, "SHOW synchronous_standby_names").await?;
    if standbys.unwrap_or_default().trim().is_empty() {
        return Ok(Err(
            "it has no synchronous standby, so that what was acknowledged is lost with its machine: set synchronous_standby_names \
             (Patroni: synchronous_mode), or store.require_sync = false for a single PostgreSQL".into(),
        ));
    }
    if !DURABLE.contains(&commit.as_str()) {
        return Ok(Err(format!(
            "synchronous_commit is {commit} for this user, so that a commit does not wait for the standby: \"ALTER ROLE … SET \
             synchronous_commit = on\", or store.require_sync = false"
        )));
    }
    Ok(Ok(()))
}

/// Whether the engine replicates by consensus, and so has no standbys.
pub async fn has_consensus(session: &Session) -> Result<bool, Error> {
    let rows = session
        .query("SELECT version()", &[])
        .await
        .map_err(unasked)?;
    let version: Option<String> = rows.first().and_then(|row| row.try_get(0).ok());
    let version = version.unwrap_or_default();
    Ok(version.contains("CockroachDB") || version.contains("-YB-"))
}

/// The value of a setting; nothing if there is no such setting.
pub async fn show(session: &Session, statement: &'static str) -> Result<Option<String>, Error> {
    match session.query(statement, &[]).await {
        Ok(rows) => Ok(rows.first().and_then(|row| row.try_get(0).ok())),
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_OBJECT) => Ok(None),
        Err(error) => Err(unasked(error)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the form of map_err")]
pub fn unasked(error: PgError) -> Error {
    Error::Unavailable(words(&error))
}
