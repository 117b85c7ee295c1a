//! Places that a database is moved from and to.

use std::path::PathBuf;

use crate::clock::Clock;
use crate::config::Url;
use crate::store::Error;
use crate::store::file::resolve;
use crate::store::postgres::database_name;

/// Place of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file.
    File(PathBuf),
    /// A database on PostgreSQL.
    Postgres(Url),
}

impl Place {
    /// Its name in messages, and by which a move that was cut is known again: no user, no password.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn name(&self) -> Result<String, Error> {
        match self {
            Self::File(path) => {
                let path = resolve(path);
                let path = std::path::absolute(&path).unwrap_or(path);
                Ok(path.display().to_string())
            }
            Self::Postgres(url) => database_name(url),
        }
    }
}

/// Settings of a move.
#[derive(Clone)]
pub struct MoveSettings {
    /// Page cache for a file that is read.
    pub cache_bytes: usize,
    /// Whether a database on PostgreSQL has to have a synchronous standby.
    pub require_sync: bool,
    /// The time, by which servers that run are told from those that ran.
    pub clock: Clock,
}
