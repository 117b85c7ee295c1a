//! The store in a file: its parts, and all that only a file has.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{broadcast, watch};

use super::backup::{self, CopyLimits, Progress};
use super::check;
use super::contents::Contents;
use super::disk_space;
use super::engine::Engine;
use super::identity::{self, Identified};
use super::restoration::{Restoration, Restored};
use super::restore;
use super::schema;
use super::writer::Writer;
use crate::domain::DatabaseIdentity;
use crate::metrics::Metrics;
use crate::random::Random;
use crate::store::{Change, Error, Location, Remembered};

/// A database in one file, or on another disk that is used as one.
pub struct FileStore {
    // Dropped first: the writer's thread holds the other handle of the engine.
    pub(super) writer: Writer,
    pub(super) engine: Arc<Engine>,
    replaced: watch::Sender<()>,
}

/// The database file and the file system that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskUsage {
    /// Bytes of the file.
    pub file: u64,
    /// Bytes that we may still write to the file system.
    pub free: u64,
    /// The folder that the file is in.
    pub folder: PathBuf,
}

impl FileStore {
    pub(in crate::store) fn open(location: &Location, cache_bytes: usize) -> Result<Self, Error> {
        let engine = Arc::new(schema::CURRENT.open(location, cache_bytes)?);
        if let Some(path) = engine.file() {
            restore::remove_leftovers(path);
        }
        Ok(Self {
            writer: Writer::spawn(Arc::clone(&engine))?,
            engine,
            replaced: watch::Sender::new(()),
        })
    }

    /// The disk as it is now; `None` when the database is not in a file, or the system does not tell.
    #[must_use]
    pub fn disk_usage(&self) -> Option<DiskUsage> {
        let path = self.engine.file()?;
        let absolute = std::path::absolute(path).ok()?;
        Some(DiskUsage {
            file: fs::metadata(path).ok()?.len(),
            free: disk_space::available(path)?,
            folder: absolute.parent().unwrap_or(Path::new("/")).to_owned(),
        })
    }

    /// Reads everything: every record, and that every index says what the records say.
    ///
    /// # Errors
    /// [`Error::Damaged`] with the first thing that is wrong; [`Error::Failed`].
    pub fn check(&self) -> Result<Contents, Error> {
        self.engine.read_once(check::check)
    }

    /// Copies what is stored now to a new file, which says that it was made at `now`, and reads that back before it gets its
    /// name; tells `progress` how many users are copied, of how many. Nobody waits for it.
    ///
    /// # Errors
    /// [`Error::NoRoom`] or [`Error::Outgrown`], also while it is made; [`Error::Copy`] when the file is there already or cannot
    /// be made; [`Error::Failed`] or [`Error::Damaged`]: there is no file of that name.
    pub fn backup(
        &self,
        path: &Path,
        now: Timestamp,
        limits: CopyLimits,
        progress: Progress<'_>,
    ) -> Result<Contents, Error> {
        backup::backup(&self.engine, path, now, limits, progress)
    }

    /// Gives unused space of the file back, by a new file in its place. Nobody can write until it is done, about a second for a
    /// hundred thousand users; everybody can read. It needs room for both files. For a thread that may wait.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::Copy`], [`Error::Failed`] or [`Error::Damaged`]: the file is as it was.
    pub fn compact(&self) -> Result<(), Error> {
        self.writer.exclusive(backup::compact)
    }

    /// Puts a backup in the place of the database while it is open. `follow` hears what is to be remembered from then on,
    /// before anybody can read what is new. Writes wait meanwhile; those that were acknowledged are in the file before it, which
    /// is kept. For a thread that may wait.
    ///
    /// # Errors
    /// Each variant of [`Error`]: nothing was changed.
    pub fn restore(
        &self,
        asked: Restoration,
        follow: impl FnOnce(&Remembered) + Send + 'static,
    ) -> Result<Restored, Error> {
        let restored = restore::restore_open(&self.writer, &self.engine, asked, follow)?;
        self.replaced.send_replace(());
        Ok(restored)
    }

    /// The identity of the database; `None`: it has none yet.
    pub fn identity(&self) -> Result<Option<DatabaseIdentity>, Error> {
        self.engine.read(identity::read)
    }

    /// The identity of the database. One that has none gets it, and a file that was copied from elsewhere gets another.
    pub async fn ensure_identity(&self, random: &Random) -> Result<Identified, Error> {
        let place = identity::place_of(self.engine.location())?;
        if let Some(identity) = self.identity()?
            && identity.place.is_same(place)
        {
            return Ok(Identified {
                identity,
                is_copy: false,
            });
        }
        let id = identity::new_id(random)?;
        self.writer
            .write(move |tables| identity::assign(tables, place, id))
            .await
    }

    /// Panics in a job after it wrote something, as a defect of the engine may: a test sees what is left of it.
    #[doc(hidden)]
    pub async fn panic_in_a_job(&self) -> Result<(), Error> {
        self.writer
            .write(|tables| {
                tables.mark_probe(64 << 10)?;
                std::panic::resume_unwind(Box::new("a planned panic"))
            })
            .await
    }

    pub(in crate::store) fn replaced(&self) -> watch::Receiver<()> {
        self.replaced.subscribe()
    }

    pub(in crate::store) fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.writer.changes()
    }

    pub(in crate::store) async fn is_writable(&self) -> bool {
        let free = self.engine.file().and_then(disk_space::available);
        self.engine.ensure_in_place().is_ok() && self.writer.is_working(free).await
    }

    pub(in crate::store) fn waiting_writes(&self) -> usize {
        self.writer.waiting()
    }

    pub(in crate::store) fn register_metrics(&self, metrics: &Metrics) {
        self.writer.register_metrics(metrics);
    }
}
