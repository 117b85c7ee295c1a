//! Files put in their place whole.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, fchown};
use std::path::Path;

use tempfile::NamedTempFile;

/// Puts a file there with those permissions, and that group if one is named: the old one, or the new one whole, also after a power cut.
///
/// # Errors
/// The folder cannot be written to.
pub fn place(path: &Path, bytes: &[u8], mode: u32, group: Option<u32>) -> Result<(), String> {
    try_to_place(path, bytes, mode, group).map_err(|e| format!("{}: {e}", path.display()))
}

fn try_to_place(path: &Path, bytes: &[u8], mode: u32, group: Option<u32>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    fchown(file.as_file(), None, group)?;
    let permissions = Permissions::from_mode(mode);
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()
}

/// Adds permissions to a file, and gives it to a group.
///
/// # Errors
/// It is not ours to change.
pub fn open_to_group(path: &Path, group: u32) -> Result<(), String> {
    let file = File::open(path).and_then(|file| {
        fchown(&file, None, Some(group))?;
        let mode = file.metadata()?.permissions().mode() | 0o040;
        file.set_permissions(Permissions::from_mode(mode))
    });
    file.map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_and_leaves_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/bai");
        for text in ["first", "second, longer"] {
            place(&path, text.as_bytes(), 0o755, None).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert_eq!(mode(&path), 0o755);
        }
        let entries = fs::read_dir(path.parent().unwrap()).unwrap();
        assert_eq!(entries.count(), 1);
    }

    #[test]
    fn a_file_of_root_is_opened_to_a_group_and_to_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let group = rustix::process::getegid().as_raw();
        place(&path, b"x", 0o600, Some(group)).unwrap();
        open_to_group(&path, group).unwrap();
        assert_eq!(mode(&path), 0o640);
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }
}
