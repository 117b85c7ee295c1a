//! Opening PocketBase's database without ever writing to it.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::Error;
use super::files::Files;
use super::locks::{self, Use};
use super::place::{self, Place};
use super::private_copy::PrivateCopy;
use super::source_tables::{NoTables, Tables};
use super::storage::Storage;
use crate::domain::{Kind, Rules};

/// Looks at a database that somebody writes to or opens just now, and the pause between two.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Place of the version in a database's header that tells whether it has a log rather than a rollback journal.
const HAS_LOG: usize = 19;

const EMPTY: &str = "it is empty (0 bytes): PocketBase has never written to it, or a copy of it failed; name the folder of the PocketBase that has the users";

/// A PocketBase database, seen as it was at one moment: one transaction of one connection.
pub struct Source {
    pub(super) db: Connection,
    pub(super) tables: Tables,
    /// Files of its records.
    pub(super) storage: Storage,
    /// The absolute path that the operator named.
    pub(super) named: PathBuf,
    is_in_use: bool,
    /// The files of a database that is read without locks, which no change of theirs may go by unnoticed.
    unlocked: Option<Files>,
    /// The folder with the database if it had to be copied; removed with this.
    _copy: Option<PrivateCopy>,
}

impl Source {
    /// Opens a folder `pb_data`, its database, or a backup of it. Waits a moment for whoever writes to it.
    ///
    /// # Errors
    /// Each variant of [`Error`] that is about reading.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut looks = 1..LOOKS;
        loop {
            match Self::open_now(path) {
                Err(Error::Busy(_)) if looks.next().is_some() => thread::sleep(PAUSE),
                outcome => return outcome,
            }
        }
    }

    fn open_now(path: &Path) -> Result<Self, Error> {
        let (opened, storage) = match place::find(path)? {
            Place::Archive(archive) => {
                let (copy, archive, database) = PrivateCopy::unpacked(&archive)?;
                let storage = Storage::in_archive(archive, &database);
                (Opened::copied(copy)?, storage)
            }
            Place::Database(database) => {
                let storage = Storage::beside(&database);
                (Opened::database(&Files::of(&database)?)?, storage)
            }
        };
        opened.begin(path, storage)
    }

    /// Makes sure that all that was read until now is of one moment.
    ///
    /// # Errors
    /// [`Error::Started`].
    pub(super) fn ensure_unchanged(&self) -> Result<(), Error> {
        match &self.unlocked {
            Some(files) if !files.are_unchanged()? => Err(Error::Started(files.database.clone())),
            _ => Ok(()),
        }
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
}

/// A connection to a database, before anything was read.
struct Opened {
    db: Connection,
    is_in_use: bool,
    unlocked: Option<Files>,
    copy: Option<PrivateCopy>,
}

impl Opened {
    /// Opens a database in the way that leaves it as it is: under SQLite's own locks where these need no file that is not there,
    /// unlocked where nobody uses it, and as a copy where SQLite would have to mend it first.
    fn database(files: &Files) -> Result<Self, Error> {
        let header = place::head(&files.database)?;
        if files.is_empty() {
            return Err(unfit(&files.database, EMPTY));
        }
        let used = files
            .shared_memory()
            .map_or(Ok(Use::default()), |path| locks::of_shared_memory(&path))?;
        let is_reserved = files.has_journal() && locks::is_reserved(&files.database)?;
        if used.is_written || is_reserved || used.is_open && !files.has_log_file() {
            return Err(Error::Busy(files.database.clone()));
        }
        let has_shared_memory = files.shared_memory().is_some() && files.has_log_file();
        match header.get(HAS_LOG) {
            _ if used.is_open => Self::locked(files, true),
            _ if files.has_journal() => Self::copy(files),
            _ if has_shared_memory => Self::locked(files, false),
            _ if files.has_log() => Self::copy(files),
            Some(2) => Self::unlocked(files),
            _ => Self::locked(files, false),
        }
    }

    /// A shared memory that is there is only read.
    fn locked(files: &Files, is_in_use: bool) -> Result<Self, Error> {
        files.open_log()?;
        Ok(Self {
            db: open_to_read(&files.database, "readonly_shm=1")?,
            is_in_use,
            unlocked: None,
            copy: None,
        })
    }

    /// Nobody has it open, and its locks would be in a file that is not there.
    fn unlocked(files: &Files) -> Result<Self, Error> {
        Ok(Self {
            db: open_to_read(&files.database, "immutable=1")?,
            is_in_use: false,
            unlocked: Some(files.clone()),
            copy: None,
        })
    }

    fn copy(files: &Files) -> Result<Self, Error> {
        let copy = PrivateCopy::of(&files.database)?;
        match files.are_unchanged()? {
            true => Self::copied(copy),
            false => Err(Error::Busy(files.database.clone())),
        }
    }

    fn copied(copy: PrivateCopy) -> Result<Self, Error> {
        Ok(Self {
            db: Connection::open(copy.database())?,
            is_in_use: false,
            unlocked: None,
            copy: Some(copy),
        })
    }

    /// Begins the transaction in which everything is read.
    fn begin(self, path: &Path, storage: Storage) -> Result<Source, Error> {
        let begun = self.db.execute_batch("PRAGMA query_only = 1; BEGIN");
        let tables = begun
            .map_err(NoTables::from)
            .and_then(|()| Tables::read(&self.db))
            .map_err(|error| error.at(path))?;
        let source = Source {
            db: self.db,
            tables,
            storage,
            named: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            is_in_use: self.is_in_use,
            unlocked: self.unlocked,
            _copy: self.copy,
        };
        match source.ensure_unchanged() {
            Err(Error::Started(path)) => Err(Error::Busy(path)),
            outcome => outcome.map(|()| source),
        }
    }
}

fn unfit(path: &Path, reason: &str) -> Error {
    Error::Unfit {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

fn open_to_read(database: &Path, how: &str) -> Result<Connection, Error> {
    let uri = format!("file:{}?mode=ro&{how}", escaped(database));
    Ok(Connection::open_with_flags(
        uri,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
    )?)
}

/// A path as SQLite's URIs want it.
fn escaped(path: &Path) -> String {
    path.to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23")
}
