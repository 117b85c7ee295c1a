//! The redb database of one file, which can be closed and opened again while handles to it are out.
//!
//! The lock is not held while a transaction runs, only to begin one, to open and to close. A reader that still reads when the
//! database is closed gets an error, and reads once more from what is open then.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use redb::{Durability, ReadTransaction, ReadableDatabase as _, WriteTransaction};

use super::blocks::Blocks;
use super::layout::BLOCK;
use super::open::{Mode, Open, close, open_blocks, open_database, open_error, refused, retire};
use super::stage::Stage;
use super::storage::{self, FileId, Lock};
use super::tables::Tables;
use super::unwind::{reading, writing};
use crate::store::{Error, Location};

/// Times that a read begins anew because the database was closed meanwhile: writes that meet damage reopen it one after the other.
const READS: usize = 16;

/// Reason why a write was not done.
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
    /// Times that another database took the place of one that failed or was swapped.
    openings: AtomicU64,
    /// Whatever else comes to its name is not the database.
    file: Mutex<Option<FileId>>,
    /// Held while something is written: the database cannot be closed before that has ended.
    writing: Mutex<()>,
}

impl Engine {
    /// Opens what is at `location`. A file has to be there and not to be empty; a custom storage may be empty and is begun.
    pub fn open(location: Location, cache_bytes: usize, mode: Mode) -> Result<Self, Error> {
        let open = open_database(&location, cache_bytes, mode)?;
        Ok(Self::new(location, cache_bytes, open))
    }

    /// Begins a database in a new file at `path` that is going to hold about so many bytes.
    pub fn create(path: &Path, cache_bytes: usize, bytes: u64) -> Result<Self, Error> {
        let location = Location::File(path.to_owned());
        let file = storage::create(path).map_err(|e| open_error(&location.name(), &e))?;
        let backend =
            redb::backends::FileBackend::new(file).map_err(|e| refused(&location.name(), e))?;
        let blocks = Blocks::with_capacity(Box::new(backend), bytes);
        let open = writing(|| open_blocks(blocks, &location.name(), cache_bytes, Mode::Write))?;
        Ok(Self::new(location, cache_bytes, open))
    }

    fn new(location: Location, cache_bytes: usize, open: Open) -> Self {
        let engine = Self {
            location,
            cache_bytes,
            open: RwLock::new(Some(open)),
            openings: AtomicU64::new(0),
            file: Mutex::new(None),
            writing: Mutex::new(()),
        };
        engine.remember_file();
        engine
    }

    /// Its location.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The database file, if it is in one.
    pub fn file(&self) -> Option<&Path> {
        match &self.location {
            Location::File(path) => Some(path),
            Location::ReadOnly(_) | Location::Custom(_) => None,
        }
    }

    /// Bytes of the file, if it is one.
    pub fn file_len(&self) -> Option<u64> {
        fs::metadata(self.file()?).ok().map(|file| file.len())
    }

    /// Bytes of blocks that were free when the database was opened and are not since.
    pub fn filled_bytes(&self) -> u64 {
        self.opened()
            .as_ref()
            .map_or(0, |open| open.stage.filled() * BLOCK as u64)
    }

    /// Bytes that were written since the database was opened.
    pub fn written_bytes(&self) -> u64 {
        self.opened()
            .as_ref()
            .map_or(0, |open| open.stage.written())
    }

    /// Runs `f` on a snapshot of the last commit; once more if the storage failed, and again each time that the database was
    /// closed meanwhile, up to a bound.
    pub fn read<T>(&self, f: impl Fn(&ReadTransaction) -> Result<T, Error>) -> Result<T, Error> {
        for _ in 0..READS {
            let openings = self.openings.load(Ordering::Acquire);
            match self.read_once(&f) {
                Err(Error::Failed(_)) => {}
                result => return result,
            }
            // A storage that takes no writes is an error, yet it may serve reads.
            let _ = self.reopen_unless(|open| !open.stage.has_failed());
            if self.openings.load(Ordering::Acquire) == openings {
                break;
            }
        }
        self.read_once(f)
    }

    /// Runs `f` on a snapshot of the last commit. What it cannot read is its own error, and nobody else's.
    pub fn read_once<T>(
        &self,
        f: impl FnOnce(&ReadTransaction) -> Result<T, Error>,
    ) -> Result<T, Error> {
        reading(|| f(&self.begin_read()?))
    }

    fn begin_read(&self) -> Result<ReadTransaction, Error> {
        Ok(self.opened().as_ref().ok_or_else(closed)?.db.begin_read()?)
    }

    /// Runs `f` in a write transaction and commits it, unless `f` fails.
    pub fn write<T>(
        &self,
        f: impl FnOnce(&mut Tables<'_>) -> Result<T, Error>,
    ) -> Result<T, WriteError> {
        self.transact(durably, |txn| f(&mut Tables::open(txn)?))
    }

    /// Runs `f` in a write transaction that is on disk with the next [`Engine::write`]: for a file that nobody has yet.
    pub fn load(
        &self,
        f: impl FnOnce(&WriteTransaction) -> Result<(), Error>,
    ) -> Result<(), Error> {
        Ok(self.transact(without_sync, f)?)
    }

    /// Runs `f` and commits; when `f` fails or panics, takes back what it did. redb must not see a panic while the transaction is
    /// there: it would leak its pages, and commit one-phase when it is closed.
    fn transact<T>(
        &self,
        set_up: impl FnOnce(&mut WriteTransaction) -> Result<(), Error>,
        f: impl FnOnce(&WriteTransaction) -> Result<T, Error>,
    ) -> Result<T, WriteError> {
        let _writing = self.writing.lock();
        let txn = writing(|| self.begin_write(set_up)).map_err(|error| self.broken(error))?;
        match writing(|| f(&txn)) {
            Ok(value) => match writing(|| Ok(txn.commit()?)) {
                Ok(()) => Ok(value),
                Err(error) => Err(self.broken(error)),
            },
            Err(error) => match writing(|| Ok(txn.abort()?)) {
                Ok(()) => Err(WriteError::Refused(error)),
                Err(_) => Err(self.broken(error)),
            },
        }
    }

    fn broken(&self, error: Error) -> WriteError {
        if let Some(open) = self.opened().as_ref() {
            open.stage.fail();
        }
        WriteError::Broken(error)
    }

    fn begin_write(
        &self,
        set_up: impl FnOnce(&mut WriteTransaction) -> Result<(), Error>,
    ) -> Result<WriteTransaction, Error> {
        let open = self.opened();
        let open = open.as_ref().ok_or_else(closed)?;
        if open.mode != Mode::Write {
            return Err(Error::Failed("the storage takes no writes".into()));
        }
        let mut txn = open.db.begin_write()?;
        set_up(&mut txn)?;
        Ok(txn)
    }

    /// Closes the database cleanly, has `swap` put another file in its place, and opens that. `swap` says where the file before
    /// it is; when it fails, or what it put there cannot be opened, the database is what it was. `done` is called before anybody
    /// can read what is new.
    pub fn replace(
        &self,
        swap: impl FnOnce(&Path) -> Result<PathBuf, Error>,
        done: impl FnOnce(),
    ) -> Result<PathBuf, Error> {
        let path = self.file().ok_or(Error::NotAFile)?;
        self.ensure_in_place()?;
        let _writing = self.writing.lock();
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
                self.openings.fetch_add(1, Ordering::AcqRel);
                self.remember_file();
                done();
                Ok(before)
            }
            Err(error) => {
                // Where files have one name only, the one that was put back is a copy.
                self.remember_file();
                (*open, _) = self.open_again();
                Err(error)
            }
        }
    }

    /// Refuses to go on when another file, or none, has the database's name: what is written would be gone with the process.
    pub fn ensure_in_place(&self) -> Result<(), Error> {
        let Some(path) = self.file() else {
            return Ok(());
        };
        let expected = *self.file.lock();
        match FileId::at(path) {
            found if found == expected => Ok(()),
            _ => Err(Error::Moved {
                path: path.display().to_string(),
            }),
        }
    }

    fn remember_file(&self) {
        let found = self.file().and_then(FileId::at);
        *self.file.lock() = found;
    }

    /// Sees to it that the database takes writes: after a failure it is retired, nothing more of it is written, and what is in the
    /// storage is opened.
    pub fn ensure_writable(&self) -> Result<(), Error> {
        self.ensure_in_place()?;
        self.reopen_unless(|open| open.mode == Mode::Write && !open.stage.has_failed())
    }

    fn reopen_unless(&self, is_fine: impl Fn(&Open) -> bool) -> Result<(), Error> {
        if self.opened().as_ref().is_some_and(&is_fine) {
            return Ok(());
        }
        let _writing = self.writing.lock();
        let mut open = self.opened_mut();
        if open.as_ref().is_some_and(is_fine) {
            return Ok(());
        }
        self.ensure_in_place()?;
        retire(&mut open);
        let (opened, outcome) = self.open_again();
        *open = opened;
        outcome
    }

    /// Opens it to write; when the storage takes no writes, to read at least, and that is still an error.
    fn open_again(&self) -> (Option<Open>, Result<(), Error>) {
        self.openings.fetch_add(1, Ordering::AcqRel);
        match self.open_in(Mode::Write) {
            Ok(opened) => (Some(opened), Ok(())),
            Err(error) => {
                let to_read = self.open_in(Mode::ReadOnly(Lock::Exclusive));
                (to_read.ok(), Err(error))
            }
        }
    }

    fn open_in(&self, mode: Mode) -> Result<Open, Error> {
        open_database(&self.location, self.cache_bytes, mode)
    }

    /// Closes the database cleanly.
    pub fn close(self) -> Result<(), Error> {
        let Some(open) = self.opened_mut().take() else {
            return Ok(());
        };
        open.stage.set(Stage::Closing);
        let name = self.location.name();
        writing(|| open.db.close().map_err(|e| refused(&name, e)))
    }

    /// Closes a database whose file nobody wants.
    pub fn abandon(self) {
        retire(&mut self.opened_mut());
    }

    fn opened(&self) -> RwLockReadGuard<'_, Option<Open>> {
        self.open.read()
    }

    fn opened_mut(&self) -> RwLockWriteGuard<'_, Option<Open>> {
        self.open.write()
    }
}

/// A clean stop writes the last of redb's bookkeeping.
impl Drop for Engine {
    fn drop(&mut self) {
        close(self.open.get_mut());
    }
}

fn closed() -> Error {
    Error::Failed("the database is closed".into())
}

/// Two-phase commit: the bytes are users' own. Quick repair: a start after a crash reads no whole file.
#[expect(
    clippy::unnecessary_wraps,
    reason = "one of the ways to set up a transaction"
)]
fn durably(txn: &mut WriteTransaction) -> Result<(), Error> {
    txn.set_two_phase_commit(true);
    txn.set_quick_repair(true);
    Ok(())
}

fn without_sync(txn: &mut WriteTransaction) -> Result<(), Error> {
    txn.set_durability(Durability::None)
        .map_err(|e| Error::Failed(e.to_string()))
}
