//! A new file that a database is moved to. It gets its name when all of it was read back: a move that was cut leaves nothing that
//! anybody finds.

use std::path::{Path, PathBuf};

use super::contents::Contents;
use super::engine::Engine;
use super::folder::{beside, own_like, owner_of};
use super::new_file::{Filled, MOVED, Unfinished};
use super::schema;
use super::storage::resolve;
use super::tables::Tables;
use crate::store::moving::{Batch, Numbers, Sum};
use crate::store::{Error, Remembered};

/// Page cache while it is filled: users come in the order of their creation, and go to all places of most indexes.
const CACHE: usize = 256 << 20;

/// A new file that is filled.
pub struct NewFile {
    // Dropped first: it closes the file.
    engine: Engine,
    file: Unfinished,
    path: PathBuf,
}

impl NewFile {
    /// One that is going to be at `path`, where there is none.
    ///
    /// # Errors
    /// [`Error::InUse`] when somebody makes one already; [`Error::Copy`].
    pub fn begin(path: &Path) -> Result<Self, Error> {
        let path = resolve(path);
        let file = Unfinished::new(&beside(&path, MOVED))?;
        let engine = Engine::create(file.path(), CACHE, 0)?;
        own_like(file.path(), owner_of(&path)).map_err(|e| Error::Copy(e.to_string()))?;
        engine.write(|tables| tables.set_schema_version(schema::CURRENT.version()))?;
        Ok(Self { engine, file, path })
    }

    /// Writes a batch, which is on disk at the end: pages that nobody wants on disk by then are used again.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn write(&mut self, batch: &Batch) -> Result<(), Error> {
        self.engine.load(|txn| add(&mut Tables::open(txn)?, batch))
    }

    /// Writes what there is one of, and closes the file.
    ///
    /// # Errors
    /// [`Error::Failed`], [`Error::Copy`].
    pub fn fill(self, state: &Remembered, numbers: Numbers) -> Result<FilledFile, Error> {
        self.engine.write(|tables| {
            tables.set_remembered(&Remembered::default(), state)?;
            tables.set_newest_numbers(numbers)
        })?;
        let filled = Filled::close(self.file, self.engine)?.with_spare()?;
        Ok(FilledFile {
            filled,
            path: self.path,
        })
    }
}

fn add(tables: &mut Tables<'_>, batch: &Batch) -> Result<(), Error> {
    match batch {
        Batch::Records(_, records) => records.iter().try_for_each(|it| tables.add(it)),
        Batch::Events(events) => events
            .iter()
            .try_for_each(|moved| tables.add_moved_event(moved)),
        Batch::Avatars(avatars) => avatars
            .iter()
            .try_for_each(|moved| tables.put_avatar(&moved.user, &moved.avatar)),
        Batch::Messages(messages) => messages
            .iter()
            .try_for_each(|moved| tables.put_message(moved.hook, moved.number, &moved.event)),
    }
}

/// A file that has all, and no name.
pub struct FilledFile {
    filled: Filled,
    path: PathBuf,
}

impl FilledFile {
    /// Its path until it is finished.
    pub fn path(&self) -> &Path {
        self.filled.path()
    }

    /// Reads all of it back, and gives it its name.
    ///
    /// # Errors
    /// [`Error::Damaged`] when it does not hold so much; [`Error::Copy`] when there is such a file by now.
    pub fn finish(self, sum: &Sum) -> Result<(), Error> {
        let verified = self.filled.verify()?.expect(Contents {
            made: None,
            users: sum.users,
            companies: sum.companies,
            superusers: sum.superusers,
            events: sum.all_events(),
            avatars: sum.avatars,
        })?;
        verified.place(&self.path)
    }
}
