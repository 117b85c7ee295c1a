//! The schema version of a file: refused when newer than ours, migrated step by step when older.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use redb::{ReadTransaction, TableHandle};

use super::engine::{Engine, Mode};
use super::tables::{META, Tables, read_schema_version};
use crate::store::{Error, Location};

/// Brings a file from one version to the next.
pub type Step = fn(&mut Tables<'_>) -> Result<(), Error>;

/// The version that this program writes, and how to get there: `steps[i]` leads from version `i + 1` to `i + 2`.
pub struct Schema {
    pub steps: &'static [Step],
}

/// The steps from version 1, which is the first.
pub const CURRENT: Schema = Schema { steps: &[|tables| tables.index_users_by_created_and_email()] };

/// What becomes of a file as it was before a migration.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Old {
    Kept,
    Dropped,
}

impl Schema {
    fn version(&self) -> u32 {
        1 + u32::try_from(self.steps.len()).unwrap_or(u32::MAX - 1)
    }

    /// Opens the database at `location` to look at it; it has to have this schema.
    pub fn look(&self, location: &Location, cache_bytes: usize) -> Result<Engine, Error> {
        let look = Engine::open(location.clone(), cache_bytes, Mode::Look)?;
        match look.read(|txn| version_of(txn, &location.name()))? {
            Some(version) if version == self.version() => Ok(look),
            Some(version) if version > self.version() => Err(self.newer(location.name(), version)),
            _ => Err(Error::OlderSchema { path: location.name() }),
        }
    }

    /// Opens the database at `location` in this schema.
    pub fn open(&self, location: &Location, cache_bytes: usize) -> Result<Engine, Error> {
        self.open_and(location, cache_bytes, Old::Kept)
    }

    /// Opens a copy that is at `path` in this schema. What it was before a migration is not kept: the original has it.
    pub fn open_copy(&self, path: &Path, cache_bytes: usize) -> Result<Engine, Error> {
        self.open_and(&Location::File(path.to_owned()), cache_bytes, Old::Dropped)
    }

    fn open_and(&self, location: &Location, cache_bytes: usize, old: Old) -> Result<Engine, Error> {
        self.open_or_make(location, cache_bytes, old).map_err(|error| match error {
            Error::Damaged(reason) => Error::DamagedFile { path: location.name(), reason },
            error => error,
        })
    }

    fn open_or_make(&self, location: &Location, cache_bytes: usize, old: Old) -> Result<Engine, Error> {
        let name = location.name();
        if let Location::File(path) = location {
            match fs::metadata(path) {
                Ok(file) if file.len() > 0 => self.check_untouched(location, cache_bytes)?,
                _ => self.create(path, cache_bytes)?,
            }
        }
        let engine = Engine::open(location.clone(), cache_bytes, Mode::Write)?;
        let found = engine.read(|txn| version_of(txn, &name))?;
        match found {
            Some(version) if version > self.version() => Err(self.newer(name, version)),
            Some(version) if version < self.version() => {
                self.migrate(engine, location, (cache_bytes, old), version)
            }
            Some(_) => Ok(engine),
            None => {
                engine.write(|tables| tables.set_schema_version(self.version()))?;
                Ok(engine)
            }
        }
    }

    /// Makes a new file under another name and renames it when it is whole: a power cut in the middle leaves no file
    /// that is neither empty nor a database.
    fn create(&self, path: &Path, cache_bytes: usize) -> Result<(), Error> {
        let failed = |e: io::Error| Error::Open { path: path.display().to_string(), reason: e.to_string() };
        let unfinished = beside(path, ".new");
        remove_if_there(&unfinished).map_err(failed)?;
        let engine = Engine::open(Location::File(unfinished.clone()), cache_bytes, Mode::Write).map_err(
            |e| match e {
                Error::Open { reason, .. } => Error::Open { path: path.display().to_string(), reason },
                other => other,
            },
        )?;
        engine.write(|tables| tables.set_schema_version(self.version()))?;
        drop(engine);
        fs::rename(&unfinished, path).and_then(|()| sync_folder(path)).map_err(failed)
    }

    /// A file that is not for us is refused before anything is written to it.
    fn check_untouched(&self, location: &Location, cache_bytes: usize) -> Result<(), Error> {
        let look = Engine::open(location.clone(), cache_bytes, Mode::Look)?;
        match look.read(|txn| version_of(txn, &location.name()))? {
            Some(version) if version > self.version() => Err(self.newer(location.name(), version)),
            _ => Ok(()),
        }
    }

    fn newer(&self, path: String, found: u32) -> Error {
        Error::NewerSchema { path, found, known: self.version() }
    }

    /// Copies the closed file, then takes every step in one transaction.
    fn migrate(
        &self,
        engine: Engine,
        location: &Location,
        (cache, old): (usize, Old),
        from: u32,
    ) -> Result<Engine, Error> {
        drop(engine);
        if let (Location::File(path), Old::Kept) = (location, old) {
            let copy = beside(path, &format!(".v{from}.bak"));
            fs::copy(path, &copy)
                .map_err(|e| Error::Failed(format!("copying {} before migration: {e}", path.display())))?;
            tracing::warn!(from, to = self.version(), copy = %copy.display(), "migrating the database");
        }
        let engine = Engine::open(location.clone(), cache, Mode::Write)?;
        engine.write(|tables| {
            let done = usize::try_from(from).unwrap_or(usize::MAX).saturating_sub(1);
            self.steps.iter().skip(done).try_for_each(|step| step(tables))?;
            tables.set_schema_version(self.version())
        })?;
        Ok(engine)
    }
}

pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// A new name of a file is on disk only when its folder is.
///
/// # Errors
/// The system's.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path with `suffix` behind its file name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// The version in the file; `None` when the file is new. A database with other tables is somebody else's.
fn version_of(txn: &ReadTransaction, name: &str) -> Result<Option<u32>, Error> {
    let tables: Vec<String> = txn.list_tables()?.map(|table| table.name().to_owned()).collect();
    if tables.is_empty() {
        return Ok(None);
    }
    let foreign = |reason: String| Error::Foreign { path: name.to_owned(), reason };
    if !tables.iter().any(|table| table == META.name()) {
        return Err(foreign(format!("it has the tables {}", tables.join(", "))));
    }
    let meta = txn.open_table(META).map_err(|e| foreign(e.to_string()))?;
    read_schema_version(&meta)?.map(Some).ok_or_else(|| foreign("it has no schema version".to_owned()))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::tables::COMPANIES_BY_KEY;
    use super::*;
    use crate::domain::{Company, RecordId};

    const FIRST: Schema = Schema { steps: &[] };
    const NEXT: Schema = Schema { steps: &[add_company] };

    fn add_company(tables: &mut Tables<'_>) -> Result<(), Error> {
        tables.add_company(&Company {
            id: RecordId::parse("c00000000000001").unwrap(),
            number: 1,
            company_id: "from-step".into(),
            columns: "{}".into(),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        })
    }

    fn has_company(engine: &Engine) -> bool {
        engine.read(|txn| Ok(txn.open_table(COMPANIES_BY_KEY)?.get("from-step")?.is_some())).unwrap()
    }

    #[test]
    fn an_older_file_is_copied_and_migrated_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bai.redb");
        let location = Location::File(path.clone());
        drop(FIRST.open(&location, 1 << 20).unwrap());

        assert!(has_company(&NEXT.open(&location, 1 << 20).unwrap()));
        let copy = Location::File(dir.path().join("bai.redb.v1.bak"));
        assert!(!has_company(&FIRST.open(&copy, 1 << 20).unwrap()));
        assert!(has_company(&NEXT.open(&location, 1 << 20).unwrap()));
    }

    #[test]
    fn an_unfinished_new_file_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bai.redb");
        fs::write(dir.path().join("bai.redb.new"), "half a file").unwrap();
        fs::write(&path, "").unwrap();
        drop(FIRST.open(&Location::File(path.clone()), 1 << 20).unwrap());
        let files: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, ["bai.redb"]);
    }

    #[test]
    fn a_newer_file_is_refused_by_name_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bai.redb");
        let location = Location::File(path.clone());
        drop(NEXT.open(&location, 1 << 20).unwrap());
        let before = fs::read(&path).unwrap();

        let error = FIRST.open(&location, 1 << 20).err().unwrap();
        assert!(matches!(error, Error::NewerSchema { found: 2, known: 1, .. }), "{error}");
        assert!(error.to_string().contains("bai.redb"));
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_newer_file_that_was_not_closed_is_left_as_it_is_too() {
        let dir = tempfile::tempdir().unwrap();
        let (path, killed) = (dir.path().join("bai.redb"), dir.path().join("killed.redb"));
        let open = NEXT.open(&Location::File(path.clone()), 1 << 20).unwrap();
        fs::copy(&path, &killed).unwrap();
        drop(open);
        let before = fs::read(&killed).unwrap();

        let error = FIRST.open(&Location::File(killed.clone()), 1 << 20).err().unwrap();
        assert!(matches!(error, Error::NewerSchema { .. }), "{error}");
        assert_eq!(fs::read(&killed).unwrap(), before);
    }
}
