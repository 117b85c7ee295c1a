//! The redb database behind a lock, so that it can be closed and opened again while handles to it are out: after an
//! I/O error redb refuses everything until then.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, RwLock};

use redb::backends::FileBackend;
use redb::{
    Builder, CompactionError, Database, DatabaseError, Durability, ReadTransaction, ReadableDatabase,
    StorageBackend, StorageError, WriteTransaction,
};

use super::blocks::{BLOCK, Blocks, Filled, Latch, is_damage};
use super::overlay::Overlay;
use super::tables::Tables;
use crate::store::{Error, Location};

/// What is left unused at the end of a compacted file: so many blocks, and this part of its length.
const SPARE_LEAST: u64 = 16;
const SPARE_PART: u64 = 16;

/// What is done with changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They go to the storage.
    Write,
    /// They stay in memory; the storage is only read.
    Look,
}

/// An open database, or one that failed and could not be opened again yet.
pub struct Engine {
    location: Location,
    cache_bytes: usize,
    open: RwLock<Option<Open>>,
}

struct Open {
    db: Database,
    mode: Mode,
    failed: Latch,
    filled: Filled,
}

impl Engine {
    pub fn open(location: Location, cache_bytes: usize, mode: Mode) -> Result<Self, Error> {
        let open = open_database(&location, cache_bytes, mode)?;
        Ok(Self { location, cache_bytes, open: RwLock::new(Some(open)) })
    }

    /// The database file, if it is in one.
    pub fn file(&self) -> Option<&Path> {
        match &self.location {
            Location::File(path) => Some(path),
            Location::Custom(_) => None,
        }
    }

    /// Runs `f` on a snapshot of the last commit; once more if the storage failed.
    pub fn read<T>(&self, f: impl Fn(&ReadTransaction) -> Result<T, Error>) -> Result<T, Error> {
        let attempt = || self.with(|open| f(&open.db.begin_read()?));
        match attempt() {
            Err(Error::Failed(_) | Error::Damaged(_)) => {
                // A storage that takes no writes is an error, yet it may serve reads.
                let _ = self.reopen_unless(|open| !open.failed.load(Ordering::Acquire));
                attempt()
            }
            result => result,
        }
    }

    /// Runs `f` in a write transaction and commits it, unless `f` fails.
    ///
    /// Two-phase commit: the bytes are users' own. Quick repair: a start after a crash reads no whole file.
    pub fn write<T>(&self, f: impl FnOnce(&mut Tables<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.with(|open| {
            if open.mode == Mode::Look {
                return Err(Error::Failed("the storage takes no writes".into()));
            }
            let mut txn = open.db.begin_write()?;
            txn.set_two_phase_commit(true);
            txn.set_quick_repair(true);
            let value = f(&mut Tables::open(&txn)?)?;
            txn.commit()?;
            Ok(value)
        })
    }

    /// Runs `f` in a write transaction that is on disk with the next [`Engine::write`]: for a file that nobody has yet.
    pub fn load(&self, f: impl FnOnce(&WriteTransaction) -> Result<(), Error>) -> Result<(), Error> {
        self.with(|open| {
            let mut txn = open.db.begin_write()?;
            txn.set_durability(Durability::None).map_err(|e| Error::Failed(e.to_string()))?;
            f(&txn)?;
            Ok(txn.commit()?)
        })
    }

    /// Bytes of the file, if it is one.
    pub fn file_len(&self) -> Option<u64> {
        match &self.location {
            Location::File(path) => fs::metadata(path).ok().map(|file| file.len()),
            Location::Custom(_) => None,
        }
    }

    /// Moves pages to the front of the file and cuts off what is unused but for a little: into a file that is full, redb cannot
    /// write a page before it has doubled it. Nothing else runs meanwhile.
    pub fn compact(&self) -> Result<(), Error> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let database = open.as_mut().ok_or_else(|| Error::Failed("the database is closed".into()))?;
        if database.mode == Mode::Look {
            return Err(Error::Failed("the storage takes no writes".into()));
        }
        guarded(|| match database.db.compact() {
            Ok(_) => Ok(()),
            Err(CompactionError::Storage(error)) => Err(error.into()),
            Err(error) => Err(Error::Failed(error.to_string())),
        })?;
        let blocks = self.file_len().unwrap_or_default() / BLOCK as u64;
        self.open_longer(&mut open, blocks + SPARE_LEAST + blocks / SPARE_PART)
    }

    /// Makes the file as long as so many blocks. What [`Engine::filled`] was at last.
    pub fn lengthen(&self, blocks: u64) -> Result<u64, Error> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let filled = open.as_ref().map(|open| Arc::clone(&open.filled)).unwrap_or_default();
        self.open_longer(&mut open, blocks)?;
        Ok(filled.load(Ordering::Relaxed))
    }

    /// Closes the database, which cuts off what is unused at its end, and opens it as long as so many blocks: redb uses what it
    /// finds then, where by itself it would double the file.
    fn open_longer(&self, open: &mut Option<Open>, blocks: u64) -> Result<(), Error> {
        close(open);
        let lengthened = guarded(|| {
            let storage = Blocks::new(storage(&self.location)?);
            let len = storage.len().map(|len| len.max(blocks * BLOCK as u64));
            let done = len.and_then(|len| storage.set_len(len)).and_then(|()| storage.sync_data());
            done.map_err(|e| open_error(&self.location.name(), &e))
        });
        let (opened, outcome) = self.open_again();
        *open = opened;
        lengthened.and(outcome)
    }

    /// How many blocks of the file were zeros when the database was opened, and are not since.
    pub fn filled(&self) -> Result<u64, Error> {
        self.with(|open| Ok(open.filled.load(Ordering::Relaxed)))
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Closes the database, has `swap` put another file in its place, and opens that. `swap` says where the file before it is;
    /// when it fails, or what it put there cannot be opened, the database is what it was. `done` is called before anybody can
    /// read what is new.
    pub fn replace(
        &self,
        swap: impl FnOnce(&Path) -> io::Result<PathBuf>,
        done: impl FnOnce(),
    ) -> Result<PathBuf, Error> {
        let Location::File(path) = &self.location else {
            return Err(Error::Copy("the database is not in a file".into()));
        };
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        close(&mut open);
        let swapped = swap(path).map_err(|e| Error::Copy(format!("{}: {e}", path.display())));
        let replaced = swapped.and_then(|before| {
            let opened = open_database(&self.location, self.cache_bytes, Mode::Write);
            let opened = opened.inspect_err(|_| drop(fs::rename(&before, path)))?;
            Ok((before, opened))
        });
        match replaced {
            Ok((before, new)) => {
                *open = Some(new);
                done();
                Ok(before)
            }
            Err(error) => {
                (*open, _) = self.open_again();
                Err(error)
            }
        }
    }

    fn with<T>(&self, f: impl FnOnce(&Open) -> Result<T, Error>) -> Result<T, Error> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let open = open.as_ref().ok_or_else(|| Error::Failed("the database is closed".into()))?;
        guarded(|| f(open))
    }

    /// Tries again what [`Engine::reopen`] failed to do, if it did.
    pub fn ensure_writable(&self) -> Result<(), Error> {
        let writable = |open: &Open| open.mode == Mode::Write;
        if self.with(|open| Ok(writable(open))).is_ok_and(|is| is) {
            Ok(())
        } else {
            self.reopen_unless(writable)
        }
    }

    /// Closes the database and opens it again.
    pub fn reopen(&self) -> Result<(), Error> {
        self.reopen_unless(|_| false)
    }

    fn reopen_unless(&self, is_fine: impl FnOnce(&Open) -> bool) -> Result<(), Error> {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_some_and(is_fine) {
            return Ok(());
        }
        close(&mut open);
        let (opened, outcome) = self.open_again();
        *open = opened;
        outcome
    }

    /// When the storage takes no writes, the database serves reads at least, and that is still an error.
    fn open_again(&self) -> (Option<Open>, Result<(), Error>) {
        let open = |mode| open_database(&self.location, self.cache_bytes, mode);
        match open(Mode::Write) {
            Ok(opened) => (Some(opened), Ok(())),
            Err(error) => (open(Mode::Look).ok(), Err(error)),
        }
    }
}

/// A clean stop writes the last of redb's bookkeeping.
impl Drop for Engine {
    fn drop(&mut self) {
        close(self.open.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

fn close(open: &mut Option<Open>) {
    let closed = guarded(|| {
        drop(open.take());
        Ok(())
    });
    if let Err(error) = closed {
        tracing::error!(%error, "the database was not closed cleanly");
    }
}

/// Runs `f`, and turns a panic of the engine into an error for whoever asked: it must not end the writer's thread.
fn guarded<T>(f: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(f))
        .unwrap_or_else(|_| Err(Error::Failed("the database engine panicked".into())))
}

fn open_database(location: &Location, cache_bytes: usize, mode: Mode) -> Result<Open, Error> {
    let name = location.name();
    guarded(|| {
        let storage = storage(location)?;
        let blocks = Blocks::new(match mode {
            Mode::Write => storage,
            Mode::Look => Box::new(Overlay::new(storage).map_err(|e| open_error(&name, &e))?),
        });
        let (failed, filled) = (blocks.latch(), blocks.filled());
        let db = Builder::new().set_cache_size(cache_bytes).create_with_backend(blocks);
        Ok(Open { db: db.map_err(|e| refused(&name, e))?, mode, failed, filled })
    })
}

fn storage(location: &Location) -> Result<Box<dyn StorageBackend>, Error> {
    match location {
        Location::Custom(make) => Ok(make()),
        Location::File(path) => {
            let file = open_file(path).map_err(|e| open_error(&location.name(), &e))?;
            Ok(Box::new(FileBackend::new(file).map_err(|e| refused(&location.name(), e))?))
        }
    }
}

/// Makes the file when it is missing, for its owner only: it holds token keys and password hashes.
fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn open_error(path: &str, cause: &dyn std::error::Error) -> Error {
    Error::Open { path: path.to_owned(), reason: cause.to_string() }
}

fn refused(path: &str, error: DatabaseError) -> Error {
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
