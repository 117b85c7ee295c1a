//! Address of the admin socket: a file beside the database.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Bytes of a socket's path that every system takes, with the zero at its end (unix(7) has 108).
const PATH_MAX: usize = 104;

/// Path of the admin socket of a database.
#[must_use]
pub fn path(database: &Path) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".sock");
    database.with_file_name(name)
}

/// A path to a socket that is short enough for the system.
pub struct Address {
    pub path: PathBuf,
    /// The path holds as long as the folder is open.
    _folder: Option<File>,
}

impl Address {
    /// The address of the socket at `path`.
    pub fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().as_bytes().len() < PATH_MAX {
            return Ok(Self {
                path: path.to_owned(),
                _folder: None,
            });
        }
        let folder = File::open(path.parent().unwrap_or(Path::new(".")))?;
        let name = path.file_name().unwrap_or_default();
        Ok(Self {
            path: Path::new("/proc/self/fd")
                .join(folder.as_raw_fd().to_string())
                .join(name),
            _folder: Some(folder),
        })
    }
}
