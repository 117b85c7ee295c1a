//! Files that a command is given the names of: one that is to be made, or one that is there.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::admin::Failure;

/// Refuses a name that no new file can have.
///
/// # Errors
/// Something of that name is there, or its folder is not.
pub fn ensure_new(file: &Path) -> Result<(), Failure> {
    let name = file.display();
    if file.is_dir() {
        return Err(Failure::invalid(format!(
            "{name} is a folder: name a file in it"
        )));
    }
    if file.exists() {
        return Err(Failure::invalid(format!(
            "{name} is there already: name another file, or remove it"
        )));
    }
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(Failure::not_found(format!(
                "there is no folder {} for {name}: make it, or name another file",
                folder.display()
            )))
        }
        _ => Ok(()),
    }
}

/// The system's words about a file that is there and can be read.
///
/// # Errors
/// There is none, or it is a folder.
pub fn ensure_file(file: &Path) -> Result<fs::Metadata, Failure> {
    let name = file.display();
    match fs::metadata(file) {
        Ok(found) if found.is_dir() => Err(Failure::invalid(format!(
            "{name} is a folder: name a database file"
        ))),
        Ok(found) => Ok(found),
        Err(_) => Err(Failure::not_found(format!(
            "there is no file {name}: name a database or a backup; \"bai backup\" makes a backup, and the first start of \"bai serve\" a database"
        ))),
    }
}

/// Whether both names lead to one file.
pub fn are_the_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
