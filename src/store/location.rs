//! Location of the database.

use std::path::PathBuf;
use std::sync::Arc;

use super::file::{Disk, MemoryDisk};

/// Location of the database.
#[derive(Clone)]
pub enum Location {
    /// One file, made when it is not there.
    File(PathBuf),
    /// One file that is there and of this version, and is only read: what is changed stays in memory.
    ReadOnly(PathBuf),
    /// A disk made by the caller, asked for again whenever the database has to be reopened.
    Custom(Arc<dyn Fn() -> Box<dyn Disk> + Send + Sync>),
}

impl Location {
    /// A database that is gone when its last handle is dropped.
    #[must_use]
    pub fn memory() -> Self {
        Self::Custom(Arc::new(|| Box::new(MemoryDisk::default())))
    }

    /// Its name in messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) | Self::ReadOnly(path) => path.display().to_string(),
            Self::Custom(_) => "the storage".to_owned(),
        }
    }
}
