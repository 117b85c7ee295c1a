//! A copy of the database in a new file, made from one snapshot while everything else goes on.

use std::path::Path;
use std::{fs, io};

use jiff::Timestamp;

use super::check::{check, contents};
use super::engine::{Engine, Mode};
use super::schema::{beside, remove_if_there, sync_folder};
use crate::store::{Contents, Error, Location};

/// Page cache of the copy: it is written once, in the order of its keys.
const CACHE: usize = 8 << 20;

/// Copies what `engine` holds to `path`, which must not be there yet. The file gets its name when it is whole: read back
/// and found to hold as much as the snapshot that it was made from.
pub fn backup(engine: &Engine, path: &Path, now: Timestamp) -> Result<Contents, Error> {
    let failed =
        |e: &dyn std::error::Error| Error::Open { path: path.display().to_string(), reason: e.to_string() };
    if path.exists() {
        return Err(failed(&io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    let unfinished = beside(path, ".new");
    let copied = engine.read(|txn| {
        remove_if_there(&unfinished).map_err(|e| failed(&e))?;
        let copy = Engine::open(Location::File(unfinished.clone()), CACHE, Mode::Write)?;
        copy.write(|tables| {
            tables.copy_from(txn)?;
            tables.set_backup_time(Some(now))
        })?;
        copy.compact()?;
        Ok(Contents { made: Some(now), ..contents(txn)? })
    });
    let verified = copied.and_then(|expected| verify(&unfinished, expected));
    if verified.is_err() {
        let _ = remove_if_there(&unfinished);
        return verified;
    }
    fs::rename(&unfinished, path).and_then(|()| sync_folder(path)).map_err(|e| failed(&e))?;
    verified
}

fn verify(path: &Path, expected: Contents) -> Result<Contents, Error> {
    let copy = Engine::open(Location::File(path.to_owned()), CACHE, Mode::Look)?;
    match copy.read(check)? {
        found if found == expected => Ok(found),
        _ => Err(Error::Damaged("the copy does not hold what the original does".into())),
    }
}
