//! Reading a database that nobody serves, without a change to it, and bringing it up to date.

use std::path::Path;

use super::check;
use super::contents::Contents;
use super::engine::Engine;
use super::open::Mode;
use super::schema::{self, Migration};
use super::storage::{Lock, resolve};
use crate::store::{Error, Location};

/// Page cache for reading a file once.
const CACHE: usize = 16 << 20;

/// A whole database file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Its contents.
    pub contents: Contents,
    /// Version of its schema.
    pub version: u32,
}

/// The schema version that this program writes.
#[must_use]
pub fn schema_version() -> u32 {
    schema::CURRENT.version()
}

/// Reads the whole file at `path`, as [`check_file`] does, whatever its version: one of an older version is migrated in memory.
///
/// # Errors
/// As [`check_file`].
pub fn inspect(path: &Path, cache_bytes: usize) -> Result<Inspection, Error> {
    let path = resolve(path);
    let file = Location::File(path.clone());
    let schema = &schema::CURRENT;
    let opened = schema.open_any_version(&file, cache_bytes, Lock::Shared);
    let version = opened.map_err(|error| error.of_file(&path))?.1;
    let contents = if schema.is_older(version) {
        check_older(&path, version, cache_bytes)
    } else {
        check_file(&file, cache_bytes)
    };
    let contents = contents.map_err(|error| error.of_file(&path))?;
    Ok(Inspection { contents, version })
}

fn check_older(path: &Path, version: u32, cache_bytes: usize) -> Result<Contents, Error> {
    let location = Location::ReadOnly(path.to_owned());
    let engine = Engine::open(location, cache_bytes, Mode::Write)?;
    engine.write(|tables| schema::CURRENT.take_steps(tables, version))?;
    engine.read_once(check::check)
}

/// Reads the whole database at `location`, without a change to it: every record, and that every index says what the records
/// say.
///
/// # Errors
/// The first thing that is wrong, as [`Error::Damaged`] or as why it does not open.
pub fn check_file(location: &Location, cache_bytes: usize) -> Result<Contents, Error> {
    schema::CURRENT
        .open_read_only(location, cache_bytes)?
        .read_once(check::check)
}

/// Reads the whole backup in the file at `path`, as [`check_file`] does; of one of an older version, no more than that it is
/// one.
///
/// # Errors
/// As [`check_file`].
pub fn check_backup(path: &Path) -> Result<Option<Contents>, Error> {
    match check_file(&Location::File(path.to_owned()), CACHE) {
        Err(Error::OlderSchema { .. }) => Ok(None),
        checked => checked.map(Some).map_err(|error| error.of_file(path)),
    }
}

/// Refuses a database of an older version, without reading more of it than that. One that is not there is no error.
///
/// # Errors
/// [`Error::OlderSchema`]; the reason why it does not open.
pub fn ensure_current(path: &Path) -> Result<(), Error> {
    let location = Location::File(resolve(path));
    match schema::CURRENT.open_read_only(&location, CACHE) {
        Ok(_) | Err(Error::Missing { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Brings the database at `path` up to date, if it is of an older version; `None`: it is not.
///
/// # Errors
/// The reason why it does not open, or why the new file could not be made: it is as it was.
pub fn migrate(path: &Path) -> Result<Option<Migration>, Error> {
    schema::CURRENT.migrate(&resolve(path), CACHE)
}
