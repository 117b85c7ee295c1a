//! What there is to see of the store from outside.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Store};
use crate::metrics::Metrics;

/// The database file and the file system that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes of the file.
    pub file: u64,
    /// Bytes that we may still write to the file system.
    pub free: u64,
    /// The folder that the file is in.
    pub folder: PathBuf,
}

impl Store {
    /// The disk as it is now; `None` when the database is not in a file, or the system does not tell.
    #[must_use]
    pub fn disk(&self) -> Option<Disk> {
        let path = self.embedded().file()?;
        let absolute = std::path::absolute(path).ok()?;
        let system = rustix::fs::statvfs(path).ok()?;
        Some(Disk {
            file: fs::metadata(path).ok()?.len(),
            free: system.f_bavail.saturating_mul(system.f_frsize),
            folder: absolute.parent().unwrap_or(Path::new("/")).to_owned(),
        })
    }

    /// How many companies there are: exact, and O(1).
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub async fn count_companies(&self) -> Result<u64, Error> {
        self.embedded().count_companies()
    }

    /// How many superusers there are: exact, and O(1).
    pub async fn count_superusers(&self) -> Result<u64, Error> {
        self.embedded().count_superusers()
    }

    /// Writes that wait for the next transaction.
    #[must_use]
    pub fn waiting_writes(&self) -> usize {
        self.embedded().waiting_writes()
    }

    /// Shows what is counted of writes.
    pub fn show(&self, metrics: &Metrics) {
        self.embedded().show(metrics);
    }
}
