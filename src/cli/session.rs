//! The way of a command to the database: the running server's admin socket, the file, or PostgreSQL.

use super::new_database::NewDatabase;
use super::postgres;
use crate::admin::socket::Hello;
use crate::admin::{Client, Failure};
use crate::backup;
use crate::config::Config;

/// Use that a command makes of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is read: no byte of the file changes.
    Read,
    /// It is changed.
    Change,
    /// It is changed, and an empty one is made if there is none and there may be one.
    Create(NewDatabase),
}

/// Words about a database that was just made, perhaps because the settings of the server's are missing.
const NEW: &str =
    ", a new database (another one is named by store.path, BAI_STORE__PATH or --config)";

impl Access {
    fn check(self, config: &Config, shown: &str) -> Result<(), Failure> {
        match self {
            Self::Create(new) => new.check(config),
            Self::Read | Self::Change if backup::is_missing(&config.store.path) => {
                Err(Failure::not_found(format!(
                    "there is no database at {shown}: name it by store.path, BAI_STORE__PATH or --config; the first start of \"bai serve\" makes one"
                )))
            }
            Self::Read | Self::Change => Ok(()),
        }
    }

    fn open_file(self, config: &Config) -> Result<Client, Failure> {
        match self {
            Self::Read => Client::open_to_read(config),
            Self::Change | Self::Create(_) => Client::open_file(config),
        }
    }
}

/// Connects to the running server, or opens the file or the database on PostgreSQL, and says on the standard error which that is.
///
/// # Errors
/// There is no database, it is in use by something without an admin socket, it is of an older version, or it does not open.
pub fn open(config: &Config, access: Access) -> Result<Client, Failure> {
    if let Some((_, name)) = postgres::database(config).map_err(Failure::failed)? {
        let client = Client::open_postgres(config)?;
        eprintln!("bai: {name}");
        return Ok(client);
    }
    let database = Hello::new(&config.store.path).database;
    if let Some(client) = Client::connect(&config.store.path)? {
        eprintln!("bai: {database}, through the running server");
        return Ok(client);
    }
    access.check(config, &database)?;
    let is_new = backup::is_missing(&config.store.path);
    let client = access.open_file(config)?;
    eprintln!("bai: {database}{}", if is_new { NEW } else { "" });
    Ok(client)
}
