//! The file beneath a database: opened to write, or to read only; and whether it is still the one under its name.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::copy_on_write::CopyOnWrite;
use super::disk::DiskBackend;
use crate::store::{Error, Location};

/// Symbolic links that are followed one after the other, as the system does.
const MOST_LINKS: usize = 40;

/// A file, whatever its name: its device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The file at `path`; `None` when there is none.
    pub fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|file| Self {
            device: file.dev(),
            inode: file.ino(),
        })
    }
}

/// Lock of a file that is only read, by whom it keeps out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Nobody: what is read may be half of a write.
    Nobody,
    /// Whoever writes.
    Shared,
    /// Everybody.
    Exclusive,
}

/// Opens the storage to write; what is written to a file that is only read stays in memory. A file is never made here.
pub fn open(location: &Location) -> Result<Box<dyn StorageBackend>, Error> {
    match location {
        Location::Custom(make) => Ok(Box::new(DiskBackend(make()))),
        Location::ReadOnly(path) => {
            let storage = open_to_read(location, Lock::Shared)?;
            let storage = CopyOnWrite::new(storage).map_err(|e| open_error(path, &e))?;
            Ok(Box::new(storage))
        }
        Location::File(path) => {
            ensure_regular(path)?;
            let file = OpenOptions::new().read(true).write(true).open(path);
            let backend = FileBackend::new(not_empty(path, file)?);
            Ok(Box::new(backend.map_err(|e| open_error(path, &e))?))
        }
    }
}

/// Opens the storage to read.
pub fn open_to_read(location: &Location, lock: Lock) -> Result<Box<dyn StorageBackend>, Error> {
    match location {
        Location::Custom(make) => Ok(Box::new(DiskBackend(make()))),
        Location::File(path) | Location::ReadOnly(path) => {
            ensure_regular(path)?;
            Ok(Box::new(ReadOnly {
                file: not_empty(path, open_for(path, lock))?,
                lock,
            }))
        }
    }
}

/// Opens a file that is read under a lock; a link is not followed. Some network file systems give an exclusive one only on what
/// is open to write.
pub fn open_for(path: &Path, lock: Lock) -> io::Result<File> {
    if lock == Lock::Exclusive
        && let Ok(file) = itself(OpenOptions::new().write(true), path)
    {
        return Ok(file);
    }
    open_itself(path)
}

/// Opens the file at `path` to read, not one that a symbolic link of that name leads to: whoever may write to a folder of backups
/// only must not choose other files by it. Links among the folders are followed.
///
/// # Errors
/// Those of the system; [`io::ErrorKind::InvalidInput`]: it is a link.
pub fn open_itself(path: &Path) -> io::Result<File> {
    itself(&mut OpenOptions::new(), path)
}

/// Opens the file at `path` to read and write, as [`open_itself`] does.
///
/// # Errors
/// As [`open_itself`].
pub fn open_itself_to_write(path: &Path) -> io::Result<File> {
    itself(OpenOptions::new().write(true), path)
}

fn itself(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let opened = options
        .read(true)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path);
    opened.map_err(|error| match error.raw_os_error() {
        Some(number) if number == Errno::LOOP.raw_os_error() => io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a symbolic link; name the file itself",
        ),
        _ => error,
    })
}

/// Makes a file for its owner only: it holds token keys and password hashes.
pub fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// The file that a path leads to: behind symbolic links, also behind one to a file that is not there yet.
pub fn resolve(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else {
            break;
        };
        // An absolute target replaces the folder.
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// Refuses a folder, a device or a pipe, before it is opened: a pipe would wait for a writer.
fn ensure_regular(path: &Path) -> Result<(), Error> {
    let foreign = |reason: &str| Error::Foreign {
        path: path.display().to_string(),
        reason: reason.to_owned(),
    };
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(foreign("it is a folder")),
        Ok(found) if !found.is_file() => Err(foreign("it is a device, a pipe or a socket")),
        _ => Ok(()),
    }
}

/// A file without a byte is no database: redb would begin a new one in it.
fn not_empty(path: &Path, opened: io::Result<File>) -> Result<File, Error> {
    let file = match opened {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(missing(path)),
        Err(e) => return Err(open_error(path, &e)),
    };
    match file.metadata() {
        Ok(found) if found.len() == 0 => Err(missing(path)),
        Ok(_) => Ok(file),
        Err(e) => Err(open_error(path, &e)),
    }
}

fn missing(path: &Path) -> Error {
    Error::Missing {
        path: path.display().to_string(),
    }
}

fn open_error(path: &Path, cause: &dyn std::error::Error) -> Error {
    Error::Open {
        path: path.display().to_string(),
        reason: cause.to_string(),
    }
}

/// A file that is opened to read. Its lock is the whole file's, which excludes a server as redb's own does.
#[derive(Debug)]
struct ReadOnly {
    file: File,
    lock: Lock,
}

fn refuse() -> io::Error {
    io::Error::new(
        io::ErrorKind::ReadOnlyFilesystem,
        "the file is open to read only",
    )
}

impl StorageBackend for ReadOnly {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(refuse())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(refuse())
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        let locked = match self.lock {
            Lock::Nobody => Ok(()),
            Lock::Shared => self.file.try_lock_shared(),
            Lock::Exclusive => self.file.try_lock(),
        };
        match locked {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.unlock()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_to_a_file_that_need_not_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let (volume, name) = (dir.path().join("volume"), dir.path().join("bai.redb"));
        fs::create_dir(&volume).unwrap();
        symlink("volume/link", &name).unwrap();
        symlink(volume.join("real.redb"), volume.join("link")).unwrap();
        assert_eq!(resolve(&name), volume.join("real.redb"));
        assert_eq!(resolve(&volume.join("real.redb")), volume.join("real.redb"));
        symlink("loop", dir.path().join("loop")).unwrap();
        assert!(resolve(&dir.path().join("loop")).ends_with("loop"));
    }

    #[test]
    fn a_file_that_is_read_lets_others_read_and_keeps_a_writer_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "x").unwrap();
        let all = (Bound::Unbounded, Bound::Unbounded);
        let open = |lock| open_to_read(&Location::File(path.clone()), lock).unwrap();
        let (one, two) = (open(Lock::Shared), open(Lock::Shared));
        assert!(
            one.try_lock_range(all.0, all.1).unwrap() && two.try_lock_range(all.0, all.1).unwrap()
        );
        let writer =
            FileBackend::new(File::options().read(true).write(true).open(&path).unwrap()).unwrap();
        let exclusive = open(Lock::Exclusive);
        assert!(!exclusive.try_lock_range(all.0, all.1).unwrap());
        assert!(matches!(
            writer.try_lock_range(Bound::Included(1 << 62), Bound::Unbounded),
            Ok(_) | Err(_)
        ));
        one.close().unwrap();
        two.close().unwrap();
        assert!(exclusive.try_lock_range(all.0, all.1).unwrap());
    }
}
