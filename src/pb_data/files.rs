//! Files of a database, as they were found: what is beside it decides how it can be read, and whether it is still the same.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::place::unreadable;

/// A file's identity, length and times of change: each write changes one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
}

/// The database and the files that SQLite keeps beside it.
#[derive(Clone, PartialEq, Eq)]
pub struct Files {
    pub database: PathBuf,
    itself: Option<Stamp>,
    log: Option<Stamp>,
    journal: Option<Stamp>,
    shared_memory: Option<Stamp>,
}

impl Files {
    pub fn of(database: &Path) -> Result<Self, Error> {
        Ok(Self {
            database: database.to_owned(),
            itself: stamp(database)?,
            log: stamp(&beside(database, "-wal"))?,
            journal: stamp(&beside(database, "-journal"))?,
            shared_memory: stamp(&beside(database, "-shm"))?,
        })
    }

    /// Whether nobody has changed or added any of them.
    pub fn are_unchanged(&self) -> Result<bool, Error> {
        Ok(Self::of(&self.database)? == *self)
    }

    pub fn is_empty(&self) -> bool {
        !has_bytes(self.itself) && !self.has_log()
    }

    pub fn has_log(&self) -> bool {
        has_bytes(self.log)
    }

    /// Makes sure that the log can be read.
    pub fn open_log(&self) -> Result<(), Error> {
        let path = beside(&self.database, "-wal");
        match self.has_log() {
            true => File::open(&path).map(drop).map_err(unreadable(&path)),
            false => Ok(()),
        }
    }

    pub fn has_log_file(&self) -> bool {
        self.log.is_some()
    }

    pub fn has_journal(&self) -> bool {
        has_bytes(self.journal)
    }

    pub fn shared_memory(&self) -> Option<PathBuf> {
        self.shared_memory.map(|_| beside(&self.database, "-shm"))
    }
}

/// The path of a file that SQLite keeps beside a database.
pub fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}

fn has_bytes(stamp: Option<Stamp>) -> bool {
    stamp.is_some_and(|stamp| stamp.length > 0)
}

/// The stamp of a file; `None` when there is none. A link to nothing is an error: what it led to may be needed.
fn stamp(path: &Path) -> Result<Option<Stamp>, Error> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(Stamp {
            file: (found.dev(), found.ino()),
            length: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
        })),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && !path.is_symlink() => Ok(None),
        Err(cause) => Err(unreadable(path)(cause)),
    }
}
