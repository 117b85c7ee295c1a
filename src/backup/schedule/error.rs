//! Errors of the scheduled backups.

use crate::backup::error::Error as BackupError;
use crate::backup::s3;
use crate::store;

/// Reasons why there is no new backup.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Bucket(#[from] s3::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Backup(error.into())
    }
}
