//! Errors of backups.

use std::io;

use crate::store;

/// Reasons why an operation on backups was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is being backed up, restored or compacted.
    #[error("another backup, restore, import or compaction runs; try again when it has ended")]
    Busy,
    /// There is a backup of that name.
    #[error("there is a backup of that name already")]
    Exists,
    /// There is no backup of that name.
    #[error("there is no backup of that name")]
    NotFound,
    /// The name is that of a symbolic link, which is not followed.
    #[error("that name is a symbolic link, not a backup: put the file itself into the folder")]
    Link,
    /// The database, or the file that was to be one.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The folder of the backups.
    #[error("the folder of the backups: {0}")]
    Io(#[from] io::Error),
}
