//! A private folder for a copy of the database, under `TMPDIR`.

use std::error::Error;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::admin::Failure;

/// The folder, removed when this is dropped.
pub struct Scratch(TempDir);

impl Scratch {
    pub fn new() -> Result<Self, Failure> {
        let folder = std::env::temp_dir();
        let made = tempfile::tempdir().map_err(|e| Failure::failed(named(&folder, &e)))?;
        Ok(Self(made))
    }

    /// The database in it.
    pub fn database(&self) -> PathBuf {
        self.0.path().join("bai.redb")
    }

    /// Outcome of work in the folder; an error names the folder, which may be full.
    pub fn of<T>(&self, work: Result<T, impl Into<Box<dyn Error>>>) -> Result<T, Failure> {
        work.map_err(|error| Failure::failed(named(self.0.path(), error.into().as_ref())))
    }
}

fn named(folder: &Path, error: &dyn Error) -> String {
    format!(
        "{error}; a copy of the database goes to {}: make room there, or name another folder by TMPDIR",
        folder.display()
    )
}
