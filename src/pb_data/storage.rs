//! Files of records, as PocketBase keeps them: in a folder beside its database, or in the archive in which that is.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

/// The folder's name.
pub const STORAGE: &str = "storage";

/// The place of the files.
pub enum Storage {
    /// A folder, which need not be there.
    Folder(PathBuf),
    /// An archive, and the folder's name in it.
    Archive(RefCell<ZipArchive<File>>, String),
}

/// A file as it was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// All of it.
    Whole(Vec<u8>),
    /// It has more bytes than are wanted.
    TooLarge,
    /// It is not there.
    Nothing,
}

impl Storage {
    /// The files that are kept beside a database.
    pub fn beside(database: &Path) -> Self {
        Self::Folder(database.with_file_name(STORAGE))
    }

    /// The files that are beside a database in an archive.
    pub fn in_archive(archive: ZipArchive<File>, database: &str) -> Self {
        let folder = database.rfind(['/', '\\']).map_or(0, |slash| slash + 1);
        let folder = format!("{}{STORAGE}", &database[..folder]);
        Self::Archive(RefCell::new(archive), folder)
    }

    /// The file of a record, of so many bytes at most.
    pub fn read(&self, [collection, id, name]: [&str; 3], most: usize) -> io::Result<Found> {
        if ![collection, id, name].into_iter().all(is_plain) {
            return Ok(Found::Nothing);
        }
        match self {
            Self::Folder(folder) => of_folder(&folder.join(collection).join(id).join(name), most),
            Self::Archive(archive, folder) => {
                let path = format!("{folder}/{collection}/{id}/{name}");
                of_archive(&mut archive.borrow_mut(), &path, most)
            }
        }
    }
}

/// Whether it names something in a folder, and not the folder above.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

fn of_folder(path: &Path, most: usize) -> io::Result<Found> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => up_to(File::open(path)?, most),
        Ok(_) => Ok(Found::Nothing),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
        Err(error) => Err(error),
    }
}

fn of_archive(archive: &mut ZipArchive<File>, path: &str, most: usize) -> io::Result<Found> {
    match archive.by_name(path) {
        Ok(entry) if entry.is_file() => up_to(entry, most),
        Ok(_) | Err(ZipError::FileNotFound) => Ok(Found::Nothing),
        Err(error) => Err(error.into()),
    }
}

/// All bytes, however many there are said to be.
fn up_to(file: impl Read, most: usize) -> io::Result<Found> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(match bytes.len() > most {
        true => Found::TooLarge,
        false => Found::Whole(bytes),
    })
}
