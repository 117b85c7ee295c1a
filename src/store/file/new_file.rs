//! A database in a new file: filled under a name that nobody looks for, closed, synced, read back off the disk, and only then
//! renamed. Backup, restoration, compaction, migration and the first start make their files here, and nothing else gives a
//! file the name of the database.

use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use redb::StorageBackend as _;
use redb::backends::FileBackend;
use tempfile::TempPath;

use super::blocks::Blocks;
use super::check::check;
use super::contents::Contents;
use super::engine::Engine;
use super::folder::{beside, own_like, remove_if_there, sync_and_drop_cache, sync_folder};
use super::layout::BLOCK;
use super::open::Mode;
use super::storage::{FileId, Lock, open_itself_to_write, resolve};
use crate::store::{Error, Location};

/// Page cache for reading the file back, once, in the order of its keys.
const CACHE: usize = 16 << 20;
/// Spare room at the end of a file that is going to be written to: a quarter of its blocks, within these bounds, and this part
/// of them. Into a file that is full, redb cannot write a page before it has doubled it.
const SPARE: RangeInclusive<u64> = 16..=64;
const SPARE_PART: u64 = 16;

/// A file that has no name yet, and is gone when this is dropped.
pub struct Unfinished(TempPath);

impl Unfinished {
    /// Nothing is there yet; what an earlier process has left of that name is removed, unless that still writes it.
    ///
    /// # Errors
    /// [`Error::InUse`]; [`Error::Copy`] when it cannot be removed.
    pub fn new(path: &Path) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(|e| unwritten(path, &e))?;
        let there = open_itself_to_write(&path);
        if there.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock))) {
            return Err(Error::InUse {
                path: path.display().to_string(),
            });
        }
        remove_if_there(&path).map_err(|e| unwritten(&path, &e))?;
        Ok(Self(
            TempPath::try_from_path(&path).map_err(|e| unwritten(&path, &e))?,
        ))
    }

    /// Its name until it has one.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes it to the disk and drops it from the system's page cache: what is read from now on comes off the disk.
    ///
    /// # Errors
    /// [`Error::Copy`].
    pub fn sync(&self) -> Result<(), Error> {
        sync_and_drop_cache(&self.0).map_err(|e| unwritten(&self.0, &e))
    }

    /// Gives it its name, unless there is such a file.
    ///
    /// # Errors
    /// [`Error::Copy`].
    pub fn name(self, path: &Path) -> Result<(), Error> {
        let named = self.0.persist_noclobber(path).map_err(|e| e.error);
        named
            .and_then(|()| sync_folder(path))
            .map_err(|e| match e.kind() {
                io::ErrorKind::AlreadyExists => already_there(path),
                _ => unwritten(path, &e),
            })
    }

    /// Gives it the name of the file at `path`, which is gone then unless it has another name.
    fn replace(self, path: &Path) -> Result<(), Error> {
        let named = self.0.persist(path).map_err(|e| e.error);
        named
            .and_then(|()| sync_folder(path))
            .map_err(|e| unwritten(path, &e))
    }
}

/// Fills a new database in `file`, which gets the owner of `like` and is going to hold about `bytes`.
pub fn fill<T>(
    file: Unfinished,
    like: &Path,
    (cache, bytes): (usize, u64),
    work: impl FnOnce(&Engine) -> Result<T, Error>,
) -> Result<(Filled, T), Error> {
    let engine = Engine::create(file.path(), cache, bytes)?;
    let owned = own_like(file.path(), like).map_err(|e| unwritten(file.path(), &e));
    match owned.and_then(|()| work(&engine)) {
        Ok(value) => Ok((Filled::close(file, engine)?, value)),
        Err(error) => {
            engine.abandon();
            Err(error)
        }
    }
}

/// A database that is closed and may be verified.
pub struct Filled(Unfinished);

impl Filled {
    /// Closes what was filled in `file`.
    pub fn close(file: Unfinished, engine: Engine) -> Result<Self, Error> {
        engine.close()?;
        Ok(Self(file))
    }

    /// Its path until it has a name.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Opens it, for what is to be changed by commits before it has a name.
    pub fn reopen(self, cache: usize) -> Result<(Unfinished, Engine), Error> {
        let location = Location::File(self.0.path().to_owned());
        Ok((self.0, Engine::open(location, cache, Mode::Write)?))
    }

    /// Leaves some room at the end, for what is going to be written.
    pub fn with_spare(self) -> Result<Self, Error> {
        lengthen(self.0.path()).map_err(|e| unwritten(self.0.path(), &e))?;
        Ok(self)
    }

    /// Reads all of it back off the disk.
    pub fn verify(self) -> Result<Verified, Error> {
        self.0.sync()?;
        let location = Location::File(self.0.path().to_owned());
        let contents =
            Engine::open(location, CACHE, Mode::ReadOnly(Lock::Exclusive))?.read_once(check)?;
        Ok(Verified {
            file: self.0,
            contents,
        })
    }
}

fn lengthen(path: &Path) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    let blocks = Blocks::new(Box::new(FileBackend::new(file).map_err(io::Error::other)?));
    let pages = blocks.len()? / BLOCK as u64;
    let spare = (pages / 4).clamp(*SPARE.start(), *SPARE.end()) + pages / SPARE_PART;
    blocks.set_len((pages + spare) * BLOCK as u64)?;
    blocks.sync_data()
}

/// A database that may have a name.
pub struct Verified {
    file: Unfinished,
    contents: Contents,
}

impl Verified {
    /// Refuses it when it does not hold what it should.
    pub fn expect(self, expected: Contents) -> Result<Self, Error> {
        if self.contents == expected {
            return Ok(self);
        }
        Err(Error::Damaged(
            "the new file does not hold what the original does".into(),
        ))
    }

    /// Refuses it when it has not so many users; what else there is, a migration may change.
    pub fn expect_users(self, users: u64) -> Result<Self, Error> {
        let expected = Contents {
            users,
            ..self.contents
        };
        self.expect(expected)
    }

    /// Its contents.
    pub fn contents(&self) -> Contents {
        self.contents
    }

    /// Gives it its name, unless there is such a file.
    pub fn name(self, path: &Path) -> Result<(), Error> {
        self.file.name(path)
    }

    /// Gives the database at `path` a second name, and then its own to the new one: there is a whole database at `path` at
    /// every moment.
    ///
    /// # Errors
    /// [`Error::Copy`]: the database is what it was, and has one name.
    pub fn swap(self, path: &Path, before: &Path) -> Result<(), Error> {
        let old = FileId::at(path);
        let swapped = keep(path, before).and_then(|()| self.file.replace(path));
        swapped.inspect_err(|_| {
            if FileId::at(path) != old {
                let _ = fs::rename(before, path);
            }
            let _ = remove_if_there(before);
        })
    }

    /// Gives it the name of a file that has no byte, or of none at all.
    ///
    /// # Errors
    /// [`Error::Copy`]: there is such a file by now, for one.
    pub fn place(self, path: &Path) -> Result<(), Error> {
        match fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => self.file.name(path),
            Err(e) => Err(unwritten(path, &e)),
            Ok(file) if file.len() == 0 => self.file.replace(path),
            Ok(_) => Err(already_there(path)),
        }
    }
}

/// A database on its way to a name, which other code opens and fills.
pub struct NewDatabase {
    file: Unfinished,
    path: PathBuf,
}

/// Suffix of a new database until it is whole.
pub const IMPORTED: &str = ".import.new";
/// Suffix of a database that comes from elsewhere, until it is whole.
pub const MOVED: &str = ".move.new";

impl NewDatabase {
    /// One that is going to be at `path`, where there is none.
    ///
    /// # Errors
    /// [`Error::InUse`] when somebody makes one already; [`Error::Copy`].
    pub fn begin(path: &Path) -> Result<Self, Error> {
        let path = resolve(path);
        Ok(Self {
            file: Unfinished::new(&beside(&path, IMPORTED))?,
            path,
        })
    }

    /// Its path until it is finished.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Verifies it, which nobody may have open any more, and gives it its name.
    ///
    /// # Errors
    /// Each variant of [`Error`]: there is no such database.
    pub fn finish(self) -> Result<Contents, Error> {
        let verified = Filled(self.file).verify()?;
        let contents = verified.contents();
        verified.place(&self.path)?;
        Ok(contents)
    }
}

/// Gives the file at `path` the second name `kept`, or makes a copy of it where the file system has no second names. It may
/// have that name already.
fn keep(path: &Path, kept: &Path) -> Result<(), Error> {
    if FileId::at(kept).is_none_or(|found| Some(found) != FileId::at(path))
        && fs::hard_link(path, kept).is_err()
    {
        let copy = Unfinished::new(&beside(kept, ".new"))?;
        fs::copy(path, copy.path()).map_err(|e| unwritten(kept, &e))?;
        copy.sync()?;
        return copy.name(kept);
    }
    sync_folder(kept).map_err(|e| unwritten(kept, &e))
}

fn already_there(path: &Path) -> Error {
    Error::Copy(format!("{} is there already", path.display()))
}

fn unwritten(path: &Path, error: &io::Error) -> Error {
    Error::Copy(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::folder::folder_of;
    use super::*;

    fn verified(path: &Path) -> Verified {
        let begin = |engine: &Engine| Ok(engine.write(|tables| tables.set_schema_version(3))?);
        let file = Unfinished::new(&beside(path, ".new")).unwrap();
        let (filled, ()) = fill(file, folder_of(path), (1 << 20, 0), begin).unwrap();
        filled.verify().unwrap()
    }

    #[test]
    fn a_database_that_appeared_meanwhile_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bai.redb");
        let (first, empty) = (verified(&path), dir.path().join("empty.redb"));
        fs::write(&path, "somebody's database").unwrap();
        assert!(
            first
                .place(&path)
                .unwrap_err()
                .to_string()
                .contains("is there already")
        );
        assert_eq!(fs::read(&path).unwrap(), b"somebody's database");
        fs::write(&empty, "").unwrap();
        verified(&empty).place(&empty).unwrap();
        assert!(fs::metadata(&empty).unwrap().len() > 0);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_somebody_still_writes_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("copy.redb.new");
        let file = Unfinished::new(&path).unwrap();
        let engine = Engine::create(file.path(), 1 << 20, 0).unwrap();
        assert!(matches!(Unfinished::new(&path), Err(Error::InUse { .. })));
        assert!(path.exists());
        engine.abandon();
        drop(Unfinished::new(&path).unwrap());
        assert!(!path.exists());
    }
}
