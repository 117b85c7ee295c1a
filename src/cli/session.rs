//! The way of a command to the database: the running server's admin socket, or the file.

use super::new_database::NewDatabase;
use crate::admin::socket::Hello;
use crate::admin::{Client, Failure};
use crate::backup;
use crate::config::Config;

/// Behaviour when there is no database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// An empty one is made, if it may be.
    Create(NewDatabase),
    /// It is an error.
    Refuse,
}

impl IfMissing {
    fn check(self, config: &Config, shown: &str) -> Result<(), Failure> {
        match self {
            Self::Create(new) => new.check(config),
            Self::Refuse if backup::is_missing(&config.store.path) => Err(Failure::not_found(
                format!("there is no database at {shown}; see store.path"),
            )),
            Self::Refuse => Ok(()),
        }
    }
}

/// Connects to the running server, or opens the file, and says on the standard error which file that is.
///
/// # Errors
/// There is no database, it is in use by something without an admin socket, or it does not open.
pub fn open(config: &Config, if_missing: IfMissing) -> Result<Client, Failure> {
    let database = Hello::new(&config.store.path).database;
    if let Some(client) = Client::connect(&config.store.path)? {
        eprintln!("bai: {database}, through the running server");
        return Ok(client);
    }
    if_missing.check(config, &database)?;
    let client = Client::open_file(config)?;
    eprintln!("bai: {database}");
    Ok(client)
}
