//! Reading a database that nobody serves, without a change to it.

use std::path::Path;

use super::check;
use super::contents::Contents;
use super::schema;
use crate::store::{Error, Location};

/// Page cache for reading a file once.
const CACHE: usize = 16 << 20;

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
        checked => checked.map(Some),
    }
}
