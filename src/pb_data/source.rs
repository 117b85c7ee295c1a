//! Opening PocketBase's database without ever writing to it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use rustix::process::{Flock, FlockOffsetType, FlockType, fcntl_getlk};
use tempfile::TempDir;
use zip::ZipArchive;
use zip::result::ZipError;

use super::error::Error;
use super::source_tables::Tables;
use crate::domain::{Kind, Rules};

/// Bytes of `data.db-shm` that SQLite locks (os_unix.c): one while somebody writes, one as long as somebody has the
/// database open.
const WRITING: u64 = 120;
const OPEN: u64 = 128;

/// A PocketBase database, seen as it was at one moment.
pub struct Source {
    pub(super) db: Connection,
    pub(super) tables: Tables,
    is_in_use: bool,
    /// The folder with the database if it had to be copied; removed with this.
    _copy: Option<TempDir>,
}

impl Source {
    /// Opens a folder `pb_data`, or a backup of one.
    ///
    /// # Errors
    /// Each variant of [`Error`] that is about reading.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (folder, is_in_use, copy) = if path.join("data.db").is_file() {
            let is_in_use = look_at_locks(path)?;
            let copy = needs_a_copy(path).then(|| copy_of(path)).transpose()?;
            (path.to_owned(), is_in_use, copy)
        } else if path.is_file() {
            (path.to_owned(), false, Some(unpacked(path)?))
        } else {
            return Err(Error::NotThere(path.to_owned()));
        };
        let db = match &copy {
            Some(copy) => Connection::open(copy.path().join("data.db"))?,
            None => open_in_place(&folder)?,
        };
        // One transaction, so that all that is read is of one moment.
        db.execute_batch("PRAGMA query_only = 1; BEGIN")?;
        let tables = Tables::read(&db).map_err(|error| error.at(path))?;
        Ok(Self {
            db,
            tables,
            is_in_use,
            _copy: copy,
        })
    }

    /// Whether a process had the database open: what it changes from now on is not seen.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.is_in_use
    }

    /// The time for which PocketBase's tokens for users are valid, in seconds.
    #[must_use]
    pub fn token_secs(&self) -> Option<u64> {
        self.tables.users.token_secs
    }

    /// The rules that PocketBase goes by, of each collection that it has.
    pub fn rules(&self) -> impl Iterator<Item = (Kind, &Rules)> {
        let tables = self.tables.companies.iter().chain([&self.tables.users]);
        tables.map(|table| (table.collection.kind, &table.rules))
    }

    /// Collections that are left behind with the number of their records, and columns with the reason.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn left_behind(&self) -> Result<Vec<String>, Error> {
        let mut left_behind = Tables::other_collections(&self.db)?;
        left_behind.extend(self.tables.left_behind());
        Ok(left_behind)
    }
}

/// SQLite is kept from writing: a shared memory that is there is only read, and where there is none, no log is.
fn open_in_place(folder: &Path) -> Result<Connection, Error> {
    let how = if exists(folder, "-shm") {
        "readonly_shm=1"
    } else {
        "immutable=1"
    };
    let uri = format!("file:{}?mode=ro&{how}", escaped(&folder.join("data.db")));
    Ok(Connection::open_with_flags(
        uri,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
    )?)
}

/// A path as SQLite's URIs want it.
fn escaped(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute
        .to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23")
}

/// A log without the shared memory that leads through it cannot be read without making that.
fn needs_a_copy(folder: &Path) -> bool {
    let log = fs::metadata(folder.join("data.db-wal")).map_or(0, |log| log.len());
    log > 0 && !exists(folder, "-shm")
}

fn exists(folder: &Path, suffix: &str) -> bool {
    folder.join(format!("data.db{suffix}")).exists()
}

/// Whether somebody has the database open; an error when they are writing to it, or when they were interrupted in a
/// way that only they can mend. Asks for locks and takes none: a lock of ours would stop PocketBase's writes.
fn look_at_locks(folder: &Path) -> Result<bool, Error> {
    let path = folder.join("data.db");
    if fs::metadata(folder.join("data.db-journal")).is_ok_and(|journal| journal.len() > 0) {
        return Err(Error::Busy(path));
    }
    let shared = folder.join("data.db-shm");
    let look = || -> io::Result<(bool, bool)> {
        let file = File::open(&shared)?;
        Ok((is_locked(&file, WRITING)?, is_locked(&file, OPEN)?))
    };
    match look() {
        Ok((true, _)) => Err(Error::Busy(path)),
        Ok((false, is_open)) => Ok(is_open),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(Error::File {
            path: shared,
            cause,
        }),
    }
}

fn is_locked(file: &File, byte: u64) -> io::Result<bool> {
    let whole = FlockType::WriteLock;
    let lock = Flock {
        start: byte,
        length: 1,
        pid: None,
        typ: whole,
        offset_type: FlockOffsetType::Set,
    };
    Ok(fcntl_getlk(file, &lock)?.is_some())
}

fn copy_of(folder: &Path) -> Result<TempDir, Error> {
    let copy = private_folder()?;
    for name in ["data.db", "data.db-wal"] {
        let from = folder.join(name);
        fs::copy(&from, copy.path().join(name))
            .map_err(|cause| Error::File { path: from, cause })?;
    }
    Ok(copy)
}

/// The database that a backup has, unpacked.
fn unpacked(path: &Path) -> Result<TempDir, Error> {
    let failed = |cause| Error::File {
        path: path.to_owned(),
        cause,
    };
    let file = File::open(path).map_err(failed)?;
    let mut archive = ZipArchive::new(file).map_err(|_| Error::NotThere(path.to_owned()))?;
    let copy = private_folder()?;
    for name in ["data.db", "data.db-wal"] {
        match archive.by_name(name) {
            Ok(mut entry) => {
                let mut file = File::create(copy.path().join(name)).map_err(failed)?;
                io::copy(&mut entry, &mut file).map_err(failed)?;
            }
            Err(ZipError::FileNotFound) if name != "data.db" => {}
            Err(_) => return Err(Error::NotThere(path.to_owned())),
        }
    }
    Ok(copy)
}

/// A folder that nobody else can look into: password hashes go there.
fn private_folder() -> Result<TempDir, Error> {
    tempfile::tempdir().map_err(|cause| Error::File {
        path: std::env::temp_dir(),
        cause,
    })
}
