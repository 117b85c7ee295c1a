//! The schema version of a file: refused when newer than ours, migrated step by step when older.

use std::path::{Path, PathBuf};

use redb::{ReadTransaction, TableHandle};

use super::backup::copy_of;
use super::check::contents;
use super::engine::Engine;
use super::folder::{beside, free_name, owner_of};
use super::identity;
use super::new_file::{self, Unfinished};
use super::open::Mode;
use super::storage::{FileId, Lock, resolve};
use super::tables::{META, Tables, read_schema_version};
use crate::store::{Error, Location};

/// Brings a database from one version to the next.
pub type Step = fn(&mut Tables<'_>) -> Result<(), Error>;

/// The version that this program writes, and how to get there: `steps[i]` leads from version `i + 1` to `i + 2`.
pub struct Schema {
    steps: &'static [Step],
}

/// The steps from version 1, which is the first.
pub const CURRENT: Schema = Schema {
    steps: &[
        |tables| tables.index_users_by_created_and_email(),
        // The tables of events, which are made when they are opened.
        |_| Ok(()),
        |tables| tables.move_changes_and_index_events_by_party(),
        |tables| tables.make_user_blocks(),
        |tables| tables.index_users_by_name(),
        // The tables of pictures and messages, which are made when they are opened.
        |_| Ok(()),
    ],
};

/// A database that was brought from one version to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Version before.
    pub from: u32,
    /// Version now.
    pub to: u32,
    /// Path of the file as it was.
    pub kept: PathBuf,
}

/// Suffix of a new database until it is whole.
pub const CREATED: &str = ".new";
/// Suffix of a migrated database until it has the database's name.
pub const MIGRATED: &str = ".migrate.new";

impl Schema {
    /// The version that this program writes.
    pub fn version(&self) -> u32 {
        1 + u32::try_from(self.steps.len()).unwrap_or(u32::MAX - 1)
    }

    /// Opens the database at `location` to read it; it has to have this schema.
    pub fn open_read_only(&self, location: &Location, cache_bytes: usize) -> Result<Engine, Error> {
        match self.open_any_version(location, cache_bytes, Lock::Shared)? {
            (engine, version) if version == self.version() => Ok(engine),
            (_, found) => Err(Error::OlderSchema {
                path: location.name(),
                found,
                known: self.version(),
            }),
        }
    }

    /// Opens the database at `location` to read it, and says which version it has: at most this one.
    pub fn open_any_version(
        &self,
        location: &Location,
        cache_bytes: usize,
        lock: Lock,
    ) -> Result<(Engine, u32), Error> {
        let engine = Engine::open(location.clone(), cache_bytes, Mode::ReadOnly(lock))?;
        match engine.read(|txn| version_of(txn, &location.name()))? {
            Some(version) if version > self.version() => Err(self.newer(location.name(), version)),
            Some(version) => Ok((engine, version)),
            None => Err(Error::Foreign {
                path: location.name(),
                reason: "it has no tables".into(),
            }),
        }
    }

    /// Tells whether a file of this version has to be migrated.
    pub fn is_older(&self, version: u32) -> bool {
        version < self.version()
    }

    /// Opens the database at `location` in this schema: made if it is missing or empty, migrated if it is older.
    pub fn open(&self, location: &Location, cache_bytes: usize) -> Result<Engine, Error> {
        let location = match location {
            Location::File(path) => Location::File(resolve(path)),
            Location::ReadOnly(path) => Location::ReadOnly(resolve(path)),
            custom @ Location::Custom(_) => custom.clone(),
        };
        self.open_or_make(&location, cache_bytes)
            .map_err(|error| match error {
                Error::Damaged(reason) => Error::DamagedFile {
                    path: location.name(),
                    reason,
                },
                error => error,
            })
    }

    fn open_or_make(&self, location: &Location, cache_bytes: usize) -> Result<Engine, Error> {
        match location {
            Location::File(path) => match self.migrate(path, cache_bytes) {
                Ok(_) => {}
                Err(Error::Missing { .. }) => self.create(path, cache_bytes)?,
                Err(error) => return Err(error),
            },
            Location::ReadOnly(_) => drop(self.open_read_only(location, cache_bytes)?),
            Location::Custom(_) => return self.open_custom(location, cache_bytes),
        }
        Engine::open(location.clone(), cache_bytes, Mode::Write)
    }

    /// Brings the database at `path` to this schema, if it is older: a migrated copy takes its place, and it is kept under
    /// another name.
    pub fn migrate(&self, path: &Path, cache_bytes: usize) -> Result<Option<Migration>, Error> {
        let location = Location::File(path.to_owned());
        match self.open_any_version(&location, cache_bytes, Lock::Exclusive)? {
            (old, version) if self.is_older(version) => self.replace(&old, path, version).map(Some),
            _ => Ok(None),
        }
    }

    /// A storage that is no file is begun and migrated as it is.
    fn open_custom(&self, location: &Location, cache_bytes: usize) -> Result<Engine, Error> {
        let engine = Engine::open(location.clone(), cache_bytes, Mode::Write)?;
        match engine.read(|txn| version_of(txn, &location.name()))? {
            Some(version) if version > self.version() => {
                return Err(self.newer(location.name(), version));
            }
            Some(version) if version == self.version() => {}
            Some(older) => engine.write(|tables| self.take_steps(tables, older))?,
            None => engine.write(|tables| tables.set_schema_version(self.version()))?,
        }
        Ok(engine)
    }

    fn create(&self, path: &Path, cache_bytes: usize) -> Result<(), Error> {
        self.make(path, cache_bytes).map_err(|error| match error {
            Error::Open { reason, .. } | Error::Copy(reason) => Error::Open {
                path: path.display().to_string(),
                reason,
            },
            other => other,
        })
    }

    fn make(&self, path: &Path, cache_bytes: usize) -> Result<(), Error> {
        let file = Unfinished::new(&beside(path, CREATED))?;
        let (filled, ()) = new_file::fill(file, owner_of(path), (cache_bytes, 0), |engine| {
            Ok(engine.write(|tables| tables.set_schema_version(self.version()))?)
        })?;
        filled.verify()?.place(path)
    }

    /// Puts a migrated copy in the place of the database at `path`, which is kept under another name.
    fn replace(&self, old: &Engine, path: &Path, from: u32) -> Result<Migration, Error> {
        let file = Unfinished::new(&beside(path, MIGRATED))?;
        let (filled, before) = old.read_once(|txn| {
            let new = file.path().to_owned();
            let steps = |tables: &mut Tables<'_>| {
                identity::keep(tables, &new)?;
                self.take_steps(tables, from)
            };
            Ok((
                copy_of(old, txn, (file, path), &mut |_, _| Ok(()), steps)?,
                contents(txn)?,
            ))
        })?;
        let verified = filled.with_spare()?.verify()?.expect_users(before.users)?;
        let kept = kept_name(path, from);
        tracing::warn!(from, to = self.version(), kept = %kept.display(), "migrating the database");
        verified.swap(path, &kept)?;
        Ok(Migration {
            from,
            to: self.version(),
            kept,
        })
    }

    /// Takes every step from version `from` on.
    pub fn take_steps(&self, tables: &mut Tables<'_>, from: u32) -> Result<(), Error> {
        let done = usize::try_from(from)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        self.steps
            .iter()
            .skip(done)
            .try_for_each(|step| step(tables))?;
        tables.set_schema_version(self.version())
    }

    fn newer(&self, path: String, found: u32) -> Error {
        Error::NewerSchema {
            path,
            found,
            known: self.version(),
        }
    }
}

/// The name of the database at `path` of version `from` from now on: the one that a migration that was cut has given it already,
/// or else a name that no other file has.
fn kept_name(path: &Path, from: u32) -> PathBuf {
    let suffix = format!(".v{from}.bak");
    let usual = beside(path, &suffix);
    if FileId::at(&usual) == FileId::at(path) {
        return usual;
    }
    free_name(path, &suffix)
}

/// The version in the file; `None` when the file is new. A database with other tables is somebody else's.
fn version_of(txn: &ReadTransaction, name: &str) -> Result<Option<u32>, Error> {
    let tables: Vec<String> = txn
        .list_tables()?
        .map(|table| table.name().to_owned())
        .collect();
    if tables.is_empty() {
        return Ok(None);
    }
    let foreign = |reason: String| Error::Foreign {
        path: name.to_owned(),
        reason,
    };
    if !tables.iter().any(|table| table == META.name()) {
        return Err(foreign(format!("it has the tables {}", tables.join(", "))));
    }
    let meta = txn.open_table(META).map_err(|e| foreign(e.to_string()))?;
    read_schema_version(&meta)?
        .map(Some)
        .ok_or_else(|| foreign("it has no schema version".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::Timestamp;

    use super::super::tables::COMPANIES_BY_KEY;
    use super::*;
    use crate::domain::{Company, RecordId};

    const FIRST: Schema = Schema { steps: &[] };
    const NEXT: Schema = Schema {
        steps: &[add_company],
    };

    fn add_company(tables: &mut Tables<'_>) -> Result<(), Error> {
        let number = tables.next_company_number()?;
        tables.add_company(&Company {
            id: RecordId::parse("c00000000000001").unwrap(),
            number,
            company_id: "from-step".into(),
            columns: "{}".into(),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        })
    }

    fn has_company(engine: &Engine) -> bool {
        engine
            .read(|txn| {
                Ok(txn
                    .open_table(COMPANIES_BY_KEY)?
                    .get("from-step")?
                    .is_some())
            })
            .unwrap()
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
        let files: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
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
        assert!(
            matches!(
                error,
                Error::NewerSchema {
                    found: 2,
                    known: 1,
                    ..
                }
            ),
            "{error}"
        );
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

        let error = FIRST
            .open(&Location::File(killed.clone()), 1 << 20)
            .err()
            .unwrap();
        assert!(matches!(error, Error::NewerSchema { .. }), "{error}");
        assert_eq!(fs::read(&killed).unwrap(), before);
    }
}
