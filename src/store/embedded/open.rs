//! Opening redb on a storage, and closing it: cleanly, or such that nothing more is written.

use std::io;

use redb::{Builder, Database, DatabaseError, StorageBackend, StorageError};

use super::blocks::{Blocks, is_damage};
use super::overlay::Overlay;
use super::stage::{Stage, Staged};
use super::storage::{self, Lock};
use super::unwind::writing;
use crate::store::{Error, Location};

/// Where changes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To the storage.
    Write,
    /// Nowhere: they stay in memory, and the storage is only read.
    Look(Lock),
}

/// An open database.
pub struct Open {
    pub db: Database,
    pub mode: Mode,
    pub stage: Staged,
}

pub fn open_database(location: &Location, cache_bytes: usize, mode: Mode) -> Result<Open, Error> {
    let name = location.name();
    writing(|| {
        let storage: Box<dyn StorageBackend> = match mode {
            Mode::Write => storage::open(location)?,
            Mode::Look(lock) => {
                let storage = storage::open_to_read(location, lock)?;
                Box::new(Overlay::new(storage).map_err(|e| open_error(&name, &e))?)
            }
        };
        open_blocks(Blocks::new(storage), &name, cache_bytes, mode)
    })
}

pub fn open_blocks(blocks: Blocks, name: &str, cache_bytes: usize, mode: Mode) -> Result<Open, Error> {
    let stage = blocks.stage();
    let db = Builder::new().set_cache_size(cache_bytes).create_with_backend(blocks);
    let db = db.map_err(|e| refused(name, e))?;
    stage.set(Stage::Open);
    Ok(Open { db, mode, stage })
}

pub fn open_error(path: &str, cause: &dyn std::error::Error) -> Error {
    Error::Open { path: path.to_owned(), reason: cause.to_string() }
}

pub fn refused(path: &str, error: DatabaseError) -> Error {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::InUse { path },
        DatabaseError::Storage(StorageError::Io(e)) if is_damage(&e) => {
            Error::DamagedFile { path, reason: e.to_string() }
        }
        DatabaseError::Storage(StorageError::Io(e)) if e.kind() == io::ErrorKind::InvalidData => {
            Error::Foreign { path, reason: e.to_string() }
        }
        DatabaseError::Storage(StorageError::Corrupted(reason)) => Error::DamagedFile { path, reason },
        other => open_error(&path, &other),
    }
}

pub fn close(open: &mut Option<Open>) {
    let Some(closing) = open.take() else { return };
    closing.stage.set(Stage::Closing);
    if let Err(error) = writing(|| closing.db.close().map_err(|e| Error::Failed(e.to_string()))) {
        tracing::error!(%error, "the database was not closed cleanly; the next start recovers it");
    }
}

/// Closes a database of which nobody knows what it would write: nothing of it reaches the storage.
pub fn retire(open: &mut Option<Open>) {
    let Some(retired) = open.take() else { return };
    retired.stage.set(Stage::Retired);
    // That it could not write is what it was retired for.
    let _ = writing(|| retired.db.close().map_err(|e| Error::Failed(e.to_string())));
}
