//! Identity of this database, and of the one that a backup was made of.

use std::path::Path;

use super::{Error, Store, file};
use crate::domain::{DatabaseId, DatabaseIdentity};
use crate::random::Random;

/// Identity of a database at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Its identity from now on.
    pub identity: DatabaseIdentity,
    /// Whether its file is a copy of another database's, which keeps the id that both had.
    pub is_copy: bool,
}

/// Facts about a backup that are known without reading all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupInfo {
    /// Of which database it was made; `None`: of one that had no id yet.
    pub database: Option<DatabaseId>,
    /// Users.
    pub users: u64,
}

impl Store {
    /// The identity of the database; `None`: it has none yet.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn identity(&self) -> Result<Option<DatabaseIdentity>, Error> {
        self.embedded().identity()
    }

    /// The identity of the database. One that has none gets it, and a file that was copied from elsewhere gets another.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn ensure_identity(&self, random: &Random) -> Result<Identified, Error> {
        self.embedded().ensure_identity(random).await
    }

    /// Reads the identity of the database in the file at `path`, of whichever version it is. It may be in use.
    ///
    /// # Errors
    /// [`Error::Foreign`], [`Error::DamagedFile`] or [`Error::Open`].
    pub fn peek(path: &Path) -> Result<BackupInfo, Error> {
        file::peek(path)
    }
}
