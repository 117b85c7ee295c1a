//! The backups in the folder, by name.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempPath;

use super::error::Error;
use super::exclusive::in_background;
use super::folder;
use super::name::Name;
use crate::app::App;
use crate::store;
use crate::store::file::Contents;

/// A backup in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its name in the folder.
    pub name: Name,
    /// Bytes.
    pub size: u64,
    /// Time when the file was written.
    pub modified: Timestamp,
    /// Counts of the records in it; known of one that was just made or checked.
    pub contents: Option<Contents>,
}

impl Backup {
    /// The backup of this name at `path`.
    pub(super) fn describe(name: Name, path: &Path) -> io::Result<Self> {
        let file = fs::symlink_metadata(path)?;
        let modified = Timestamp::try_from(file.modified()?).unwrap_or_default();
        Ok(Self {
            name,
            size: file.len(),
            modified,
            contents: None,
        })
    }
}

/// All backups, by name.
///
/// # Errors
/// [`Error::Io`].
pub async fn list(app: &Arc<App>) -> Result<Vec<Backup>, Error> {
    let folder = folder::path(app);
    in_background(move || {
        let entries = match fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut backups = Vec::new();
        for entry in entries {
            backups.extend(describe_entry(&entry?)?);
        }
        backups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(backups)
    })
    .await
}

/// The backup that an entry of the folder is; `None` for anything else, links among it, and what was removed meanwhile.
fn describe_entry(entry: &DirEntry) -> Result<Option<Backup>, Error> {
    let file_name = entry.file_name();
    let name = file_name.to_str().and_then(|name| Name::parse(name).ok());
    let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
    let Some(name) = name.filter(|_| is_file) else {
        return Ok(None);
    };
    match Backup::describe(name, &entry.path()) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        described => Ok(Some(described?)),
    }
}

/// The path of the backup of that name.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Link`].
pub fn find(app: &App, name: &Name) -> Result<PathBuf, Error> {
    let path = folder::path(app).join(name.as_str());
    ensure_file(&path)?;
    Ok(path)
}

/// A link is none: whoever may write to the folder only must not choose other files by it. Whoever opens the file does not follow
/// one either, as it may have come meanwhile.
fn ensure_file(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path).map(|found| found.file_type()) {
        Ok(kind) if kind.is_file() => Ok(()),
        Ok(kind) if kind.is_symlink() => Err(Error::Link),
        _ => Err(Error::NotFound),
    }
}

/// Whether anything has that name.
pub fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Gives the backup another name.
///
/// # Errors
/// [`Error::Exists`]; [`Error::NotFound`]; [`Error::Link`]; [`Error::Io`].
pub async fn rename(app: &Arc<App>, from: Name, to: Name) -> Result<(), Error> {
    let folder = folder::path(app);
    in_background(move || {
        let from = folder.join(from.as_str());
        let to = folder.join(to.as_str());
        ensure_file(&from)?;
        rename_file(from, &to)
    })
    .await
}

/// Renames the file, unless there is one of the new name.
fn rename_file(from: PathBuf, to: &Path) -> Result<(), Error> {
    let refused = match TempPath::try_from_path(from)?.persist_noclobber(to) {
        Ok(()) => return Ok(store::file::sync_folder(to)?),
        Err(refused) => refused,
    };
    // It is no temporary file: it stays.
    refused.path.keep().map_err(|e| e.error)?;
    match refused.error.kind() {
        io::ErrorKind::AlreadyExists => Err(Error::Exists),
        _ => Err(refused.error.into()),
    }
}

/// Removes the backup of that name.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Link`]; [`Error::Io`].
pub async fn delete(app: &Arc<App>, name: Name) -> Result<(), Error> {
    let path = folder::path(app).join(name.as_str());
    in_background(move || {
        ensure_file(&path)?;
        match fs::remove_file(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Error::NotFound),
            removed => Ok(removed?),
        }
    })
    .await
}
