//! The redb database behind a lock, so that it can be closed and opened again while handles to it are out.

use std::fs::OpenOptions;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use redb::{Builder, Database, ReadTransaction, ReadableDatabase, StorageBackend};

use super::tables::Tables;
use crate::store::{Error, Location};

/// An open database, or one that failed and could not be opened again yet.
pub struct Engine {
    location: Location,
    cache_bytes: usize,
    db: RwLock<Option<Database>>,
}

impl Engine {
    pub fn open(location: Location, cache_bytes: usize) -> Result<Self, Error> {
        let db = open_database(&location, cache_bytes)?;
        Ok(Self { location, cache_bytes, db: RwLock::new(Some(db)) })
    }

    /// Runs `f` on a snapshot of the last commit.
    pub fn read<T>(&self, f: impl FnOnce(&ReadTransaction) -> Result<T, Error>) -> Result<T, Error> {
        self.with(|db| f(&db.begin_read()?))
    }

    /// Runs `f` in a write transaction and commits it, unless `f` fails.
    ///
    /// Two-phase commit: the bytes are users' own. Quick repair: a start after a crash reads no whole file.
    pub fn write<T>(&self, f: impl FnOnce(&mut Tables<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.with(|db| {
            let mut txn = db.begin_write()?;
            txn.set_two_phase_commit(true);
            txn.set_quick_repair(true);
            let value = f(&mut Tables::open(&txn)?)?;
            txn.commit()?;
            Ok(value)
        })
    }

    fn with<T>(&self, f: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Error> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let db = db.as_ref().ok_or_else(|| Error::Failed("the database is closed".into()))?;
        guarded(|| f(db))
    }

    /// Tries again what [`Engine::reopen`] failed to do, if it did.
    pub fn ensure_open(&self) -> Result<(), Error> {
        let is_open = self.db.read().unwrap_or_else(PoisonError::into_inner).is_some();
        if is_open { Ok(()) } else { self.reopen() }
    }

    /// Closes the database and opens it again: after a failed commit redb refuses all writes until then.
    pub fn reopen(&self) -> Result<(), Error> {
        let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
        close(&mut db);
        *db = Some(open_database(&self.location, self.cache_bytes)?);
        Ok(())
    }
}

/// A clean stop writes the last of redb's bookkeeping.
impl Drop for Engine {
    fn drop(&mut self) {
        close(self.db.get_mut().unwrap_or_else(PoisonError::into_inner));
    }
}

fn close(db: &mut Option<Database>) {
    let closed = guarded(|| {
        drop(db.take());
        Ok(())
    });
    if let Err(error) = closed {
        tracing::error!(%error, "the database was not closed cleanly");
    }
}

/// Runs `f`, and turns a panic into an error: redb trusts its pages, and a page that the disk has changed can make
/// it index out of bounds.
fn guarded<T>(f: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(f))
        .unwrap_or_else(|_| Err(Error::Failed("the database engine panicked; is the file damaged?".into())))
}

fn open_database(location: &Location, cache_bytes: usize) -> Result<Database, Error> {
    guarded(|| open_unguarded(location, cache_bytes))
}

fn open_unguarded(location: &Location, cache_bytes: usize) -> Result<Database, Error> {
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes);
    match location {
        Location::File(path) => {
            make_private(path).map_err(|e| open_error(path, &e.to_string()))?;
            builder.create(path).map_err(|e| refused(path, e))
        }
        Location::Custom(make) => {
            builder.create_with_backend(Boxed(make())).map_err(|e| refused(Path::new("the storage"), e))
        }
    }
}

/// Makes the file when it is missing, for its owner only: it holds token keys and password hashes.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

fn open_error(path: &Path, reason: &str) -> Error {
    Error::Open { path: path.display().to_string(), reason: reason.to_owned() }
}

fn refused(path: &Path, error: redb::DatabaseError) -> Error {
    use redb::{DatabaseError, StorageError};
    let path_text = path.display().to_string();
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::InUse { path: path_text },
        DatabaseError::Storage(StorageError::Io(e)) if e.kind() == io::ErrorKind::InvalidData => {
            Error::Foreign { path: path_text, reason: e.to_string() }
        }
        other => open_error(path, &other.to_string()),
    }
}

/// `create_with_backend` wants a concrete type.
#[derive(Debug)]
struct Boxed(Box<dyn StorageBackend>);

impl StorageBackend for Boxed {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}
