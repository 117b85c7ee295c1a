//! Copies of a database in a private folder: what SQLite has to write to before it can be read, and what is in an archive.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::error::Error;
use super::files::beside;
use super::place::{DATABASE, not_there, unreadable};

/// Files without which a database is not whole.
const PARTS: [&str; 3] = ["", "-wal", "-journal"];

/// A folder that nobody else can look into, because password hashes go there; removed when this is dropped.
pub struct PrivateCopy(TempDir);

impl PrivateCopy {
    /// Copies a database with its log.
    pub fn of(database: &Path) -> Result<Self, Error> {
        let copy = Self::empty()?;
        for part in PARTS {
            let from = beside(database, part);
            match File::open(&from) {
                Ok(file) => copy.add(file, &from, part)?,
                Err(cause) if cause.kind() == io::ErrorKind::NotFound && !part.is_empty() => {}
                Err(cause) => return Err(unreadable(&from)(cause)),
            }
        }
        Ok(copy)
    }

    /// Unpacks the database that is in an archive; the archive, and the name of the database in it.
    pub fn unpacked(path: &Path) -> Result<(Self, ZipArchive<File>, String), Error> {
        let file = File::open(path).map_err(unreadable(path))?;
        let mut archive = ZipArchive::new(file).map_err(|cause| {
            not_there(path, &format!("it is no zip that can be read ({cause})"))
        })?;
        let database = database_in(&archive, path)?;
        let copy = Self::empty()?;
        for part in PARTS {
            let name = format!("{database}{part}");
            if archive.index_for_name(&name).is_none() {
                continue;
            }
            let entry = archive
                .by_name(&name)
                .map_err(|cause| damaged(path, &name, &cause.to_string()))?;
            copy.add_entry(entry, path, part)?;
        }
        Ok((copy, archive, database))
    }

    pub fn database(&self) -> PathBuf {
        self.0.path().join(DATABASE)
    }

    fn empty() -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(no_room(&std::env::temp_dir()))?;
        Ok(Self(folder))
    }

    fn add_entry(&self, entry: ZipFile<'_, File>, from: &Path, part: &str) -> Result<(), Error> {
        if entry.is_symlink() {
            let reason = "it is only a link there; make the zip without -y, or name the folder";
            return Err(damaged(from, "data.db", reason));
        }
        self.add(entry, from, part)
    }

    fn add(&self, mut read: impl Read, from: &Path, part: &str) -> Result<(), Error> {
        let path = beside(&self.database(), part);
        let mut file = File::create(&path).map_err(no_room(&path))?;
        match io::copy(&mut read, &mut file) {
            Ok(_) => Ok(()),
            Err(cause) if is_about_room(&cause) => Err(no_room(&path)(cause)),
            Err(cause) => Err(unreadable(from)(cause)),
        }
    }
}

/// The name of the database in an archive: the one that is in the fewest folders.
fn database_in(archive: &ZipArchive<File>, path: &Path) -> Result<String, Error> {
    let depth = |name: &str| name.matches(['/', '\\']).count();
    let mut found: Vec<_> = archive
        .file_names()
        .flatten()
        .map(Cow::into_owned)
        .filter(|name| name.rsplit(['/', '\\']).next() == Some(DATABASE))
        .collect();
    found.sort_by_key(|name| depth(name));
    match &found[..] {
        [] => Err(not_there(path, "the zip has no data.db in it")),
        [first, second, ..] if depth(first) == depth(second) => {
            let reason = format!("it has {first} and {second}; unpack it and name the folder");
            Err(Error::Unfit {
                path: path.to_owned(),
                reason,
            })
        }
        [first, ..] => Ok(first.to_owned()),
    }
}

fn damaged(path: &Path, name: &str, reason: &str) -> Error {
    Error::Unfit {
        path: path.to_owned(),
        reason: format!("{name} in it cannot be unpacked: {reason}"),
    }
}

fn is_about_room(cause: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull, WriteZero};
    matches!(
        cause.kind(),
        FileTooLarge | QuotaExceeded | StorageFull | WriteZero
    )
}

/// An error about the private folder.
pub fn no_room(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::Temporary {
        path: path.clone(),
        cause: cause.to_string(),
    }
}
