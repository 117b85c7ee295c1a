//! Free space on the disk.

use std::path::Path;

use super::folder::folder_of;
use crate::store::Error;

/// Refuses to begin a file at `path` that takes `needed` bytes, when its disk has not as many free.
///
/// # Errors
/// [`Error::NoRoom`]; [`Error::Copy`] when there is no such folder.
pub fn ensure(path: &Path, needed: u64) -> Result<(), Error> {
    let available = free_at(path).map_err(|e| Error::Copy(format!("{}: {e}", path.display())))?;
    if available < needed {
        return Err(Error::NoRoom {
            path: path.display().to_string(),
            needed,
            available,
        });
    }
    Ok(())
}

/// Bytes that are free on the disk of the file at `path`; `None` when the system does not tell.
pub fn available(path: &Path) -> Option<u64> {
    free_at(path).ok()
}

fn free_at(path: &Path) -> rustix::io::Result<u64> {
    let disk = rustix::fs::statvfs(folder_of(path))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_larger_than_the_disk_is_refused_with_both_figures() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("copy.redb");
        assert!(ensure(&path, 1).is_ok());
        let error = ensure(&path, u64::MAX).unwrap_err();
        let Error::NoRoom { available, .. } = &error else {
            panic!("{error}")
        };
        let text = error.to_string();
        for part in ["copy.redb", &u64::MAX.to_string(), &available.to_string()] {
            assert!(text.contains(part), "{text}");
        }
    }
}
