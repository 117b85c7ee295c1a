//! Locks that SQLite takes, asked for and never taken: a lock of ours would stop PocketBase's writes.
//!
//! Closing a file gives up all locks of the process on it. So these are asked before SQLite opens the database, and never after.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::process::{Flock, FlockOffsetType, FlockType, fcntl_getlk};

use super::error::Error;
use super::place::unreadable;

/// Bytes of `data.db-shm` (os_unix.c): one is locked while somebody writes, one as long as somebody has the database open.
const WRITING: u64 = 120;
const OPEN: u64 = 128;
/// The byte of `data.db` that is locked by whoever is going to write with a rollback journal.
const RESERVED: u64 = 0x4000_0001;

/// Use that other processes make of a database.
#[derive(Clone, Copy, Default)]
pub struct Use {
    pub is_open: bool,
    pub is_written: bool,
}

/// Use of a database with a log, by the shared memory beside it.
pub fn of_shared_memory(path: &Path) -> Result<Use, Error> {
    use_of(path).map_err(unreadable(path))
}

fn use_of(shared_memory: &Path) -> io::Result<Use> {
    let file = File::open(shared_memory)?;
    Ok(Use {
        is_open: is_locked(&file, OPEN)?,
        is_written: is_locked(&file, WRITING)?,
    })
}

/// Whether somebody writes to a database with a rollback journal.
pub fn is_reserved(database: &Path) -> Result<bool, Error> {
    File::open(database)
        .and_then(|file| is_locked(&file, RESERVED))
        .map_err(unreadable(database))
}

fn is_locked(file: &File, byte: u64) -> io::Result<bool> {
    let lock = Flock {
        start: byte,
        length: 1,
        pid: None,
        typ: FlockType::WriteLock,
        offset_type: FlockOffsetType::Set,
    };
    Ok(fcntl_getlk(file, &lock)?.is_some())
}
