//! Remains of a database that is gone: looked for before an empty one is begun in its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::name::Name;
use crate::config::Config;
use crate::store;

/// The parts of a name between that of the database and its ending, of copies beside it.
const RESTORED: &str = ".before-restore-";
const MIGRATED: (&str, &str) = (".v", ".bak");

/// Tells whether the database is missing: no file, or one of no bytes, which a crash or a full disk leaves.
#[must_use]
pub fn is_missing(database: &Path) -> bool {
    match fs::metadata(database) {
        Ok(file) => file.is_file() && file.len() == 0,
        // What cannot be looked at may be there.
        Err(e) => e.kind() == io::ErrorKind::NotFound,
    }
}

/// The newest backup of the database: in the folder of the backups, or what restorations and migrations keep beside it.
#[must_use]
pub fn newest_remains(config: &Config) -> Option<PathBuf> {
    let database = &store::file::resolve(&config.store.path);
    let folder = database
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let beside = files(folder).filter(|(_, path)| is_kept_beside(path, database));
    let mut all: Vec<_> = files(&config.backup.folder(&config.store.path))
        .filter(has_name)
        .chain(beside)
        .collect();
    all.sort_by(|a, b| b.cmp(a));
    let newest = all
        .into_iter()
        .map(|(_, path)| path)
        .find(|path| is_database(path))?;
    // Without the "./" of a database in the working directory.
    Some(
        newest
            .strip_prefix(".")
            .map_or(newest.clone(), Path::to_owned),
    )
}

/// The files in a folder, and when they were written.
fn files(folder: &Path) -> impl Iterator<Item = (SystemTime, PathBuf)> + use<> {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map_while(Result::ok);
    entries.filter_map(|entry| {
        let file = fs::metadata(entry.path())
            .ok()
            .filter(fs::Metadata::is_file)?;
        Some((
            file.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            entry.path(),
        ))
    })
}

fn has_name((_, path): &(SystemTime, PathBuf)) -> bool {
    file_name(path).is_some_and(|name| Name::parse(name).is_ok())
}

fn is_kept_beside(path: &Path, database: &Path) -> bool {
    let added = file_name(path)
        .zip(file_name(database))
        .and_then(|(name, own)| name.strip_prefix(own));
    added.is_some_and(|added| added.starts_with(RESTORED) || is_of_migration(added))
}

fn is_of_migration(added: &str) -> bool {
    let parts = added
        .strip_prefix(MIGRATED.0)
        .and_then(|rest| rest.split_once(MIGRATED.1));
    parts.is_some_and(|(version, number)| {
        is_number(version) && (number.is_empty() || number.strip_prefix('-').is_some_and(is_number))
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn file_name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// Whether somebody may want the file back: a damaged database is one, too.
fn is_database(path: &Path) -> bool {
    !matches!(
        store::file::read_backup_info(path),
        Err(store::Error::Foreign { .. })
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_beside_the_database_is_told_by_its_name() {
        let is_kept =
            |name: &str| is_kept_beside(&Path::new("x").join(name), Path::new("x/bai.redb"));
        assert!(is_kept("bai.redb.before-restore-20261122-061036") && is_kept("bai.redb.v2.bak"));
        assert!(is_kept("bai.redb.v2.bak-2"));
        for other in [
            "bai.redb",
            "bai.redb.new",
            "bai.redb.acme",
            "other.redb.v2.bak",
            "bai.redb.v2x.bak",
        ] {
            assert!(!is_kept(other), "{other}");
        }
    }
}
