//! Commands on a database on PostgreSQL.

use crate::admin::Failure;
use crate::config::Config;
use crate::store::postgres::PostgresStore;
use crate::store::{self, PostgresSettings};

/// Settings of the database, if it is on PostgreSQL, with its name.
///
/// # Errors
/// The URL is none.
pub fn database(config: &Config) -> Result<Option<(PostgresSettings, String)>, store::Error> {
    let Some(settings) = PostgresSettings::of(&config.store) else {
        return Ok(None);
    };
    let name = PostgresStore::name_of(&settings)?;
    Ok(Some((settings, name)))
}

/// Refuses what only a file needs, such as `bai backup`.
///
/// # Errors
/// The database is on PostgreSQL; the text says what does the work there.
pub fn refuse(config: &Config, command: &str) -> Result<(), Failure> {
    match database(config).map_err(Failure::failed)? {
        None => Ok(()),
        Some((_, name)) => Err(Failure::invalid(format!(
            "the database is {name}, and \"{command}\" is for a database file: PostgreSQL's own tools do it, such as \
             pg_basebackup and pgBackRest (docs/scale.md, Backups)"
        ))),
    }
}
