//! Copies of the database in new files: backups, made from one snapshot while everything else goes on, and compaction.

use std::fs::File;
use std::path::Path;
use std::thread;

use jiff::Timestamp;
use redb::ReadTransaction;

use super::check::contents;
use super::contents::Contents;
use super::disk_space;
use super::engine::Engine;
use super::folder::{beside, owner_of, remove_if_there};
use super::identity;
use super::new_file::{self, Filled, Unfinished, Verified};
use super::tables::{self, Tables};
use super::unwind::error_of_panic;
use crate::priority;
use crate::store::Error;

/// The page cache of the copy.
const CACHE: usize = 4 << 20;
/// Pieces of a copy between two syncs of it: a commit of the database has to wait for whatever else waits for the disk.
const PIECES_UNSYNCED: u32 = 16;
/// By so many bytes the database may grow while it is copied, however full its disk is.
const GROWTH_OF_NOTE: u64 = 16 << 20;
/// Suffix of a database that was compacted, until the new one is open.
pub const BEFORE_COMPACTION: &str = ".compact.old";
/// Suffix of a compacted database until it has the database's name.
pub const COMPACTED: &str = ".compact.new";

/// Limits beyond which a copy of the database is given up: while it is made, no page that it reads can be used again, and a copy that is too
/// slow would make the file grow without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyLimits {
    /// Bytes by which the database may grow meanwhile; by its own length in any case.
    pub growth: u64,
    /// Bytes that have to stay free on the database's disk.
    pub min_free: u64,
}

impl CopyLimits {
    /// Limits that are never reached.
    pub const NONE: Self = Self {
        growth: u64::MAX,
        min_free: 0,
    };
}

/// Called with the progress of a copy: users that are copied, of how many.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

/// Copies what `engine` holds to `path`, which must not be there yet.
pub fn backup(
    engine: &Engine,
    path: &Path,
    now: Timestamp,
    limits: CopyLimits,
    progress: Progress<'_>,
) -> Result<Contents, Error> {
    if path.exists() {
        return Err(Error::Copy(format!("{} is there already", path.display())));
    }
    // A thread of its own: those that are lowered cannot be raised again.
    let verified = thread::scope(|scope| {
        let copying = scope.spawn(|| {
            priority::lower();
            copy(engine, path, now, limits, progress)
        });
        copying
            .join()
            .unwrap_or_else(|payload| Err(error_of_panic(payload)))
    })?;
    let contents = verified.contents();
    verified.name(path)?;
    Ok(contents)
}

fn copy(
    engine: &Engine,
    path: &Path,
    now: Timestamp,
    limits: CopyLimits,
    progress: Progress<'_>,
) -> Result<Verified, Error> {
    let watch = Growth::new(engine, limits);
    let file = Unfinished::new(&beside(path, ".new"))?;
    let (filled, expected) = engine.read_once(|txn| {
        let like = engine.file().map_or_else(|| owner_of(path), owner_of);
        let filled = copy_of(
            engine,
            txn,
            (file, like),
            &mut |done, total| {
                progress(done, total);
                watch.ensure_bounded()
            },
            |tables| tables.set_backup_time(Some(now)),
        )?;
        Ok((
            filled,
            Contents {
                made: Some(now),
                ..contents(txn)?
            },
        ))
    })?;
    filled.verify()?.expect(expected)
}

/// A snapshot that is read keeps the pages that every write replaces: the slower the copy, the longer the file.
struct Growth<'a> {
    engine: &'a Engine,
    min_free: u64,
    /// Bytes that were in use at first, and may be at most.
    at_first: u64,
    most: u64,
}

impl<'a> Growth<'a> {
    fn new(engine: &'a Engine, limits: CopyLimits) -> Self {
        let at_first = engine.filled_bytes();
        let growth = limits.growth.max(engine.file_len().unwrap_or_default());
        Self {
            engine,
            min_free: limits.min_free,
            at_first,
            most: at_first.saturating_add(growth),
        }
    }

    fn ensure_bounded(&self) -> Result<(), Error> {
        let filled = self.engine.filled_bytes();
        if filled > self.most {
            return Err(Error::Outgrown {
                grown: filled.saturating_sub(self.at_first),
            });
        }
        let Some(database) = self.engine.file() else {
            return Ok(());
        };
        if filled.saturating_sub(self.at_first) < GROWTH_OF_NOTE {
            Ok(())
        } else {
            disk_space::ensure(database, self.min_free)
        }
    }
}

/// Writes all that `txn` sees of `source` into a new database in `file`, which belongs to whom `like` belongs, in the order of
/// the keys, and then what `finish` changes.
///
/// # Errors
/// [`Error::NoRoom`], before anything is written; [`Error::Damaged`] of the source; [`Error::Copy`].
pub fn copy_of(
    source: &Engine,
    txn: &ReadTransaction,
    (file, like): (Unfinished, &Path),
    each: &mut (dyn FnMut(u64, u64) -> Result<(), Error> + Send),
    finish: impl FnOnce(&mut Tables<'_>) -> Result<(), Error>,
) -> Result<Filled, Error> {
    let bytes = needed(source, txn, file.path())?;
    disk_space::ensure(file.path(), bytes)?;
    let (filled, ()) = new_file::fill(file, like, (CACHE, bytes), |engine| {
        load(txn, engine, each, finish)
    })?;
    Ok(filled)
}

/// Fills the empty database `to`, as [`copy_of`] does.
fn load(
    txn: &ReadTransaction,
    to: &Engine,
    each: &mut (dyn FnMut(u64, u64) -> Result<(), Error> + Send),
    finish: impl FnOnce(&mut Tables<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let file = to.file().map(File::open).transpose().map_err(unwritten)?;
    let mut pieces = 0;
    tables::copy(txn, to, &mut |done, total| {
        pieces += 1;
        if pieces % PIECES_UNSYNCED == 0
            && let Some(file) = &file
        {
            file.sync_data().map_err(unwritten)?;
        }
        each(done, total)
    })?;
    Ok(to.write(finish)?)
}

/// Bytes that a copy takes: at most what the file has; where that is more than there is, the pages in use are counted.
fn needed(engine: &Engine, txn: &ReadTransaction, path: &Path) -> Result<u64, Error> {
    match engine.file_len() {
        Some(len) if disk_space::ensure(path, len).is_ok() => Ok(len),
        _ => tables::stored_bytes(txn),
    }
}

/// Puts a copy in the database's place, which has no unused space. Whoever writes waits; whoever reads does not.
pub fn compact(engine: &Engine) -> Result<(), Error> {
    let path = engine.file().ok_or(Error::NotAFile)?;
    let file = Unfinished::new(&beside(path, COMPACTED))?;
    let (filled, expected) = engine.read_once(|txn| {
        let new = file.path().to_owned();
        let keep = |tables: &mut Tables<'_>| identity::keep(tables, &new);
        Ok((
            copy_of(engine, txn, (file, path), &mut |_, _| Ok(()), keep)?,
            contents(txn)?,
        ))
    })?;
    let verified = filled.with_spare()?.verify()?.expect(expected)?;
    let before = beside(path, BEFORE_COMPACTION);
    remove_if_there(&before).map_err(unwritten)?;
    let swap = |path: &Path| {
        verified.swap(path, &before)?;
        Ok(before)
    };
    let before = engine.replace(swap, || ())?;
    if let Err(error) = remove_if_there(&before) {
        tracing::warn!(%error, "what an unfinished command has left could not be removed");
    }
    Ok(())
}

fn unwritten(error: impl std::error::Error) -> Error {
    Error::Copy(error.to_string())
}
