//! Files in a folder: their names, their owner, and that both are on disk.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, fadvise};

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// The path with `suffix` behind its file name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// A name beside `path` that is not taken: `suffix` behind its own, and a number if need be.
pub fn free_name(path: &Path, suffix: &str) -> PathBuf {
    let mut name = beside(path, suffix);
    for n in 2.. {
        if !name.exists() {
            break;
        }
        name = beside(path, &format!("{suffix}-{n}"));
    }
    name
}

/// Removes the file, if there is one.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Writes the folder of a file to the disk: only then a new name of the file is there.
///
/// # Errors
/// The system's.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// Writes the file to the disk and drops it from the page cache.
///
/// # Errors
/// The system's.
pub fn sync_and_drop_cache(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    file.sync_all()?;
    // Where the system keeps its cache all the same, the file is read from there.
    let _ = fadvise(&file, 0, None, Advice::DontNeed);
    Ok(())
}

/// The file whose owner a new database at `path` gets: the one that is there, or else its folder.
pub fn owner_of(path: &Path) -> &Path {
    if path.exists() { path } else { folder_of(path) }
}

/// Gives `path` the owner of `like`, if this is root: files that are made beside the database are for the server's user.
///
/// # Errors
/// The system's.
pub fn own_like(path: &Path, like: &Path) -> io::Result<()> {
    let (uid, gid) = ids_of_owner(like)?;
    if rustix::process::geteuid().is_root() && ids_of_owner(path)? != (uid, gid) {
        chown(path, Some(uid), Some(gid))?;
    }
    Ok(())
}

fn ids_of_owner(path: &Path) -> io::Result<(u32, u32)> {
    let file = fs::metadata(path)?;
    Ok((file.uid(), file.gid()))
}
