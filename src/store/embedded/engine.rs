//! The redb database of one file, which can be closed and opened again while handles to it are out.
//!
//! Nobody holds the lock while a transaction runs: it is held to begin one, to open and to close. Whoever still reads when the
//! database is closed gets an error, and reads once more from what is open then.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::{
    Builder, Database, DatabaseError, Durability, ReadTransaction, ReadableDatabase, StorageBackend,
    StorageError, WriteTransaction,
};

use super::blocks::{Blocks, is_damage};
use super::layout::BLOCK;
use super::overlay::Overlay;
use super::stage::{Stage, Staged};
use super::storage::{self, FileId, Lock};
use super::tables::Tables;
use super::unwind::guarded;
use crate::store::{Error, Location};

/// Where changes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To the storage.
    Write,
    /// Nowhere: they stay in memory, and the storage is only read.
    Look(Lock),
}

/// Why a write was not done.
#[derive(Debug)]
pub enum WriteError {
    /// The work failed and was taken back; the database goes on.
    Refused(Error),
    /// The storage or the engine failed, maybe after the commit: the database has to be opened again.
    Broken(Error),
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(error) | WriteError::Broken(error) => error,
        }
    }
}

/// An open database, or one that failed and could not be opened again yet.
pub struct Engine {
    location: Location,
    cache_bytes: usize,
    open: RwLock<Option<Open>>,
    /// Whatever else comes to its name is not the database.
    file: Mutex<Option<FileId>>,
}

struct Open {
    db: Database,
    mode: Mode,
    stage: Staged,
}

impl Engine {
    /// Opens what is at `location`. A file has to be there and not to be empty; a custom storage may be empty and is begun.
    pub fn open(location: Location, cache_bytes: usize, mode: Mode) -> Result<Self, Error> {
        let open = open_database(&location, cache_bytes, mode)?;
        Ok(Self::new(location, cache_bytes, open))
    }

    /// Begins a database in a new file at `path` that is going to hold about `room` bytes.
    pub fn create(path: &Path, cache_bytes: usize, room: u64) -> Result<Self, Error> {
        let location = Location::File(path.to_owned());
        let file = storage::create(path).map_err(|e| open_error(&location.name(), &e))?;
        let backend = redb::backends::FileBackend::new(file).map_err(|e| refused(&location.name(), e))?;
        let blocks = Blocks::with_room(Box::new(backend), room);
        let open = guarded(|| open_blocks(blocks, &location.name(), cache_bytes, Mode::Write))?;
        Ok(Self::new(location, cache_bytes, open))
    }

    fn new(location: Location, cache_bytes: usize, open: Open) -> Self {
        let engine = Self { location, cache_bytes, open: RwLock::new(Some(open)), file: Mutex::new(None) };
        engine.remember_file();
        engine
    }

    /// Where it is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The database file, if it is in one.
    pub fn file(&self) -> Option<&Path> {
        match &self.location {
            Location::File(path) => Some(path),
            Location::Custom(_) => None,
        }
    }

    /// Bytes of the file, if it is one.
    pub fn file_len(&self) -> Option<u64> {
        fs::metadata(self.file()?).ok().map(|file| file.len())
    }

    /// Bytes of blocks that were free when the database was opened and are not since.
    pub fn filled_bytes(&self) -> u64 {
        self.opened().as_ref().map_or(0, |open| open.stage.filled() * BLOCK as u64)
    }

    /// Bytes that were written since the database was opened.
    pub fn written_bytes(&self) -> u64 {
        self.opened().as_ref().map_or(0, |open| open.stage.written())
    }

    /// Runs `f` on a snapshot of the last commit; once more if the storage failed or the database was closed meanwhile.
    pub fn read<T>(&self, f: impl Fn(&ReadTransaction) -> Result<T, Error>) -> Result<T, Error> {
        match self.read_once(&f) {
            Err(Error::Failed(_)) => {
                self.open_if_closed();
                self.read_once(f)
            }
            result => result,
        }
    }

    /// Runs `f` on a snapshot of the last commit. What it cannot read is its own error, and nobody else's.
    pub fn read_once<T>(&self, f: impl FnOnce(&ReadTransaction) -> Result<T, Error>) -> Result<T, Error> {
        guarded(|| f(&self.begin_read()?))
    }

    fn begin_read(&self) -> Result<ReadTransaction, Error> {
        Ok(self.opened().as_ref().ok_or_else(closed)?.db.begin_read()?)
    }

    /// Runs `f` in a write transaction and commits it, unless `f` fails.
    ///
    /// Two-phase commit: the bytes are users' own. Quick repair: a start after a crash reads no whole file.
    pub fn write<T>(&self, f: impl FnOnce(&mut Tables<'_>) -> Result<T, Error>) -> Result<T, WriteError> {
        let mut txn = self.begin_write().map_err(WriteError::Broken)?;
        txn.set_two_phase_commit(true);
        txn.set_quick_repair(true);
        run(txn, |txn| f(&mut Tables::open(txn)?))
    }

    /// Runs `f` in a write transaction that is on disk with the next [`Engine::write`]: for a file that nobody has yet.
    pub fn load(&self, f: impl FnOnce(&WriteTransaction) -> Result<(), Error>) -> Result<(), Error> {
        let mut txn = self.begin_write()?;
        txn.set_durability(Durability::None).map_err(|e| Error::Failed(e.to_string()))?;
        Ok(run(txn, f)?)
    }

    fn begin_write(&self) -> Result<WriteTransaction, Error> {
        let open = self.opened();
        let open = open.as_ref().ok_or_else(closed)?;
        if open.mode != Mode::Write {
            return Err(Error::Failed("the storage takes no writes".into()));
        }
        Ok(open.db.begin_write()?)
    }

    /// Closes the database cleanly, has `swap` put another file in its place, and opens that. `swap` says where the file before
    /// it is; when it fails, or what it put there cannot be opened, the database is what it was. `done` is called before anybody
    /// can read what is new.
    pub fn replace(
        &self,
        swap: impl FnOnce(&Path) -> Result<PathBuf, Error>,
        done: impl FnOnce(),
    ) -> Result<PathBuf, Error> {
        let path = self.file().ok_or_else(|| Error::Copy("the database is not in a file".into()))?;
        self.ensure_in_place()?;
        let mut open = self.opened_mut();
        close(&mut open);
        let replaced = swap(path).and_then(|before| {
            let opened = open_database(&self.location, self.cache_bytes, Mode::Write);
            let opened = opened.inspect_err(|_| drop(fs::rename(&before, path)))?;
            Ok((before, opened))
        });
        match replaced {
            Ok((before, new)) => {
                *open = Some(new);
                self.remember_file();
                done();
                Ok(before)
            }
            Err(error) => {
                (*open, _) = self.open_again();
                Err(error)
            }
        }
    }

    /// Refuses to go on when another file, or none, has the database's name: what is written would be gone with the process.
    pub fn ensure_in_place(&self) -> Result<(), Error> {
        let Some(path) = self.file() else { return Ok(()) };
        let expected = *self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match FileId::at(path) {
            found if found == expected => Ok(()),
            _ => Err(Error::Moved { path: path.display().to_string() }),
        }
    }

    fn remember_file(&self) {
        let found = self.file().and_then(FileId::at);
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    /// Sees to it that the database takes writes, if an earlier [`Engine::reopen`] could not.
    pub fn ensure_writable(&self) -> Result<(), Error> {
        self.ensure_in_place()?;
        let is_writable = self.opened().as_ref().is_some_and(|open| open.mode == Mode::Write);
        if is_writable { Ok(()) } else { self.reopen() }
    }

    /// Retires the database, of which nothing more is written, and opens what is in the storage.
    pub fn reopen(&self) -> Result<(), Error> {
        let mut open = self.opened_mut();
        retire(&mut open);
        let (opened, outcome) = self.open_again();
        *open = opened;
        outcome
    }

    fn open_if_closed(&self) {
        let mut open = self.opened_mut();
        if open.is_none() {
            (*open, _) = self.open_again();
        }
    }

    /// When the storage takes no writes, the database serves reads at least, and that is still an error.
    fn open_again(&self) -> (Option<Open>, Result<(), Error>) {
        if let Err(error) = self.ensure_in_place() {
            return (None, Err(error));
        }
        let open = |mode| open_database(&self.location, self.cache_bytes, mode);
        match open(Mode::Write) {
            Ok(opened) => (Some(opened), Ok(())),
            Err(error) => (open(Mode::Look(Lock::Exclusive)).ok(), Err(error)),
        }
    }

    /// Closes the database cleanly.
    pub fn close(self) -> Result<(), Error> {
        let Some(open) = self.opened_mut().take() else { return Ok(()) };
        open.stage.set(Stage::Closing);
        let name = self.location.name();
        guarded(|| open.db.close().map_err(|e| refused(&name, e)))
    }

    /// Closes a database whose file nobody wants.
    pub fn abandon(self) {
        retire(&mut self.opened_mut());
    }

    fn opened(&self) -> RwLockReadGuard<'_, Option<Open>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened_mut(&self) -> RwLockWriteGuard<'_, Option<Open>> {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clean stop writes the last of redb's bookkeeping.
impl Drop for Engine {
    fn drop(&mut self) {
        close(self.open.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Runs `f` and commits; when `f` fails or panics, takes back what it did. redb must not see a panic while the transaction is
/// there: it would leak its pages, and commit one-phase when it is closed.
fn run<T>(
    txn: WriteTransaction,
    f: impl FnOnce(&WriteTransaction) -> Result<T, Error>,
) -> Result<T, WriteError> {
    match guarded(|| f(&txn)) {
        Ok(value) => {
            guarded(|| Ok(txn.commit()?)).map_err(WriteError::Broken)?;
            Ok(value)
        }
        Err(error) => match guarded(|| Ok(txn.abort()?)) {
            Ok(()) => Err(WriteError::Refused(error)),
            Err(_) => Err(WriteError::Broken(error)),
        },
    }
}

fn close(open: &mut Option<Open>) {
    let Some(closing) = open.take() else { return };
    closing.stage.set(Stage::Closing);
    if let Err(error) = guarded(|| closing.db.close().map_err(|e| Error::Failed(e.to_string()))) {
        tracing::error!(%error, "the database was not closed cleanly; the next start recovers it");
    }
}

/// Closes a database of which nobody knows what it would write: nothing of it reaches the storage.
fn retire(open: &mut Option<Open>) {
    let Some(retired) = open.take() else { return };
    retired.stage.set(Stage::Retired);
    // That it could not write is what it was retired for.
    let _ = guarded(|| retired.db.close().map_err(|e| Error::Failed(e.to_string())));
}

fn closed() -> Error {
    Error::Failed("the database is closed".into())
}

fn open_database(location: &Location, cache_bytes: usize, mode: Mode) -> Result<Open, Error> {
    let name = location.name();
    guarded(|| {
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

fn open_blocks(blocks: Blocks, name: &str, cache_bytes: usize, mode: Mode) -> Result<Open, Error> {
    let stage = blocks.stage();
    let db = Builder::new().set_cache_size(cache_bytes).create_with_backend(blocks);
    let db = db.map_err(|e| refused(name, e))?;
    stage.set(Stage::Open);
    Ok(Open { db, mode, stage })
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
