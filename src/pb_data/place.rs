//! The place of a database: a folder, a file or an archive that an operator names.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::Error;

/// The database's name in PocketBase's folder.
pub const DATABASE: &str = "data.db";

/// Bytes at the beginning of a file that tell its kind, with the place at which they are.
const MAGIC: [(usize, &[u8], &str); 9] = [
    (257, b"ustar", TAR),
    (0, b"\x1f\x8b", TAR),
    (0, b"\xfd7zXZ\0", TAR),
    (0, b"\x28\xb5\x2f\xfd", TAR),
    (0, b"BZh", TAR),
    (0, b"7z\xbc\xaf\x27\x1c", OTHER_ARCHIVE),
    (0, b"Rar!", OTHER_ARCHIVE),
    (0, b"\x37\x7f\x06\x82", LOG),
    (0, b"\x37\x7f\x06\x83", LOG),
];
const TAR: &str = "it is a tar archive or another compressed file; unpack it (tar -xf) and name the folder pb_data that was in it";
const OTHER_ARCHIVE: &str =
    "it is an archive of another kind; unpack it and name the folder pb_data that was in it";
const LOG: &str = "it is only the log of a database; name the folder";
const SQLITE: &[u8] = b"SQLite format 3\0";

/// A database, or an archive in which there may be one.
pub enum Place {
    /// The file itself, whatever links lead to it: SQLite keeps the log beside it.
    Database(PathBuf),
    Archive(PathBuf),
}

/// Finds the database that is meant by a folder, by the folder in which that is, or by a file.
pub fn find(path: &Path) -> Result<Place, Error> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(cause) if is_missing(&cause) => return Err(missing(path)),
        Err(cause) => return Err(unreadable(path)(cause)),
    };
    if found.is_dir() {
        in_folder(path)
    } else if found.is_file() {
        of_file(path, found.len())
    } else {
        Err(not_there(path, "it is neither a folder nor a file"))
    }
}

fn in_folder(folder: &Path) -> Result<Place, Error> {
    for folder in [folder, &folder.join("pb_data")] {
        let path = folder.join(DATABASE);
        match fs::canonicalize(&path) {
            Ok(database) => return Ok(Place::Database(database)),
            Err(cause) if is_missing(&cause) && !path.is_symlink() => {}
            Err(cause) => return Err(unreadable(&path)(cause)),
        }
    }
    Err(not_there(folder, "the folder has no data.db in it"))
}

fn of_file(path: &Path, length: u64) -> Result<Place, Error> {
    let head = head(path)?;
    let is_database = head.starts_with(SQLITE) || path.file_name().is_some_and(|n| n == DATABASE);
    if is_database {
        let database = fs::canonicalize(path).map_err(unreadable(path))?;
        return Ok(Place::Database(database));
    }
    let is_there = |(at, magic, _): &&(usize, &[u8], &str)| {
        head.get(*at..).is_some_and(|rest| rest.starts_with(magic))
    };
    match MAGIC.iter().find(is_there) {
        Some((_, _, what)) => Err(not_there(path, what)),
        None if length == 0 => Err(not_there(path, "the file is empty")),
        None => Ok(Place::Archive(path.to_owned())),
    }
}

/// The first bytes of a file.
pub fn head(path: &Path) -> Result<Vec<u8>, Error> {
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(512).read_to_end(&mut head))
        .map_err(unreadable(path))?;
    Ok(head)
}

/// An error about a path that is there and cannot be read.
pub fn unreadable(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::File {
        path: path.clone(),
        cause,
    }
}

pub fn not_there(path: &Path, found: &str) -> Error {
    Error::NotThere {
        path: path.to_owned(),
        found: found.to_owned(),
    }
}

fn is_missing(cause: &io::Error) -> bool {
    matches!(
        cause.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn missing(path: &Path) -> Error {
    match path.is_symlink() {
        true => not_there(path, "it is a link to nothing"),
        false => Error::Missing(path.to_owned()),
    }
}
