//! A copy of the database in a new file, made from one snapshot while everything else goes on.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use jiff::Timestamp;
use redb::ReadTransaction;

use super::check::{check, contents};
use super::engine::{Engine, Mode};
use super::growth::{self, Growth};
use super::room;
use super::schema::{beside, remove_if_there, sync_folder};
use super::tables;
use crate::priority;
use crate::store::{Contents, Error, Location};

/// Page cache for reading the copy, once, in the order of its keys.
const CACHE: usize = 16 << 20;
/// A copy has at least this part of the length of what it is made of, which may be half empty, and its pages half full.
const LEAST_PART: u64 = 4;
/// What is written goes to the disk in pieces: a commit of the database has to wait for whatever else waits for the disk.
const PIECES_UNSYNCED: u32 = 16;

/// How far a copy is: users, of how many.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

/// Copies what `engine` holds to `path`, which must not be there yet. The file gets its name when it is whole: read back
/// and found to hold as much as the snapshot that it was made from.
pub fn backup(
    engine: &Engine,
    path: &Path,
    now: Timestamp,
    progress: Progress<'_>,
) -> Result<Contents, Error> {
    if path.exists() {
        return Err(Error::Copy(format!("{} is there already", path.display())));
    }
    let unfinished = beside(path, ".new");
    let failed = |e| Error::Copy(format!("{}: {e}", path.display()));
    remove_if_there(&unfinished).map_err(failed)?;
    let work = || {
        priority::lower();
        let expected = copy(engine, &unfinished, now, progress)?;
        verify(&unfinished, expected)
    };
    let verified = thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|_| Err(Error::Failed("the thread of the backup panicked".into())));
    if verified.is_err() {
        let _ = remove_if_there(&unfinished);
        return verified;
    }
    fs::rename(&unfinished, path).and_then(|()| sync_folder(path)).map_err(failed)?;
    verified
}

fn copy(engine: &Engine, path: &Path, now: Timestamp, progress: Progress<'_>) -> Result<Contents, Error> {
    let progress = Mutex::new(progress);
    engine.read(|txn| {
        room::ensure(path, needed(engine, txn, path)?)?;
        remove_if_there(path).map_err(unwritten)?;
        let copy = Engine::open(Location::File(path.to_owned()), growth::CACHE, Mode::Write)?;
        let file = File::open(path).map_err(unwritten)?;
        let mut growth = Growth::new(&copy, engine.file_len().unwrap_or_default() / LEAST_PART)?;
        let mut pieces = 0;
        tables::copy(txn, &copy, &mut |done, total| {
            growth.ensure()?;
            pieces += 1;
            if pieces % PIECES_UNSYNCED == 0 {
                file.sync_data().map_err(unwritten)?;
            }
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress(done, total);
            Ok(())
        })?;
        copy.write(|tables| tables.set_backup_time(Some(now))).map_err(unwritten)?;
        if growth.is_loose()? {
            copy.compact().map_err(unwritten)?;
        }
        Ok(Contents { made: Some(now), ..contents(txn)? })
    })
}

/// The room that the copy takes: at most what the file has; where that is more than there is, the pages in use are counted.
fn needed(engine: &Engine, txn: &ReadTransaction, path: &Path) -> Result<u64, Error> {
    match engine.file_len() {
        Some(len) if room::ensure(path, len).is_ok() => Ok(len),
        _ => tables::stored_bytes(txn),
    }
}

fn unwritten(error: impl std::error::Error) -> Error {
    Error::Copy(error.to_string())
}

fn verify(path: &Path, expected: Contents) -> Result<Contents, Error> {
    let copy = Engine::open(Location::File(path.to_owned()), CACHE, Mode::Look)?;
    match copy.read(check)? {
        found if found == expected => Ok(found),
        _ => Err(Error::Damaged("the copy does not hold what the original does".into())),
    }
}
