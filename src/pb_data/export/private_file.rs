//! Files for their owner only.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::super::error::Error;

/// A new file for its owner only: it holds hashes, secrets and phones. One that is there has other rights, perhaps, or is a link
/// that leads elsewhere, and goes.
pub fn private_file(path: &Path) -> Result<File, Error> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(at(path)(e)),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(at(path))
}

/// An error about this path.
pub fn at(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::File {
        path: path.clone(),
        cause,
    }
}
