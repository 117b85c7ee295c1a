//! The store as a whole: what it knows besides records, and its file.

use std::path::Path;

use jiff::Timestamp;

use tokio::sync::watch;

use super::file;
use super::file::{Embedded, Progress};
use super::{Contents, CopyLimits, Error, Location, Remembered, Restoration, Restored, Store};
use crate::domain::{Collections, ServerKey};

/// Page cache for reading a file once.
const INSPECTION_CACHE: usize = 16 << 20;

impl Store {
    /// What a server remembers of the database for as long as it runs.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn remembered(&self) -> Result<Remembered, Error> {
        self.embedded().remembered()
    }

    /// What is known of the collections; `None`: they began here.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn collections(&self) -> Result<Option<Collections>, Error> {
        Ok(self.remembered()?.collections)
    }

    /// Ends at `now` the void times that last longer: those of a restoration that was cut before it said when it was.
    ///
    /// # Errors
    /// [`Error::Failed`]: nothing was stored; [`Error::Unknown`].
    pub async fn end_revocation_windows(&self, now: Timestamp) -> Result<(), Error> {
        self.embedded().end_revocation_windows(now).await
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
        self.embedded().restore(asked, follow)
    }

    /// Puts a backup in the place of the file at `path`, which no process may have open; it need not be whole, or there.
    ///
    /// # Errors
    /// Each variant of [`Error`]: nothing was changed.
    pub fn restore_file(path: &Path, asked: &Restoration) -> Result<Restored, Error> {
        file::restore(path, asked)
    }

    /// Hears when another database has taken the place of this one: whoever keeps something of it has to begin anew.
    #[must_use]
    pub fn replaced(&self) -> watch::Receiver<()> {
        self.embedded().replaced()
    }

    /// Sets what is known of the collections.
    ///
    /// # Errors
    /// [`Error::Failed`]: nothing was stored; [`Error::Unknown`].
    pub async fn set_collections(&self, collections: Collections) -> Result<(), Error> {
        self.embedded().set_collections(collections).await
    }

    /// The token keys, oldest first.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn token_keys(&self) -> Result<Vec<ServerKey>, Error> {
        self.embedded().token_keys()
    }

    /// Adds a token key, and drops those made before `drop_before` except the newest of them
    /// (which signed until the next one came).
    ///
    /// # Errors
    /// [`Error::Failed`]: nothing was stored; [`Error::Unknown`].
    pub async fn add_token_key(&self, key: ServerKey, drop_before: Timestamp) -> Result<(), Error> {
        self.embedded().add_token_key(key, drop_before).await
    }

    /// Reads the whole database at `location`, without a change to it: every record, and that every index says what the
    /// records say.
    ///
    /// # Errors
    /// The first thing that is wrong, as [`Error::Damaged`] or as why it does not open.
    pub fn look(location: &Location, cache_bytes: usize) -> Result<Contents, Error> {
        Embedded::look(location, cache_bytes)
    }

    /// Reads the whole database in the file at `path`, as [`Store::look`] does; of one of an older version, no more than that
    /// it is one.
    ///
    /// # Errors
    /// As [`Store::look`].
    pub fn inspect(path: &Path) -> Result<Option<Contents>, Error> {
        match Self::look(&Location::File(path.to_owned()), INSPECTION_CACHE) {
            Err(Error::OlderSchema { .. }) => Ok(None),
            looked => looked.map(Some),
        }
    }

    /// Reads everything, as [`Store::look`] does.
    ///
    /// # Errors
    /// [`Error::Damaged`] with the first thing that is wrong; [`Error::Failed`].
    pub fn check(&self) -> Result<Contents, Error> {
        self.embedded().check()
    }

    /// Copies what is stored now to a new file, which says that it was made at `now`, and reads that back before it gets its
    /// name; tells `progress` how many users are copied, of how many. Nobody waits for it.
    ///
    /// # Errors
    /// [`Error::NoRoom`] or [`Error::Outgrown`], also while it is made; [`Error::Copy`] when the file is there already or cannot be made; [`Error::Failed`] or [`Error::Damaged`]: there is
    /// no file of that name.
    pub fn backup(
        &self,
        path: &Path,
        now: Timestamp,
        limits: CopyLimits,
        progress: Progress<'_>,
    ) -> Result<Contents, Error> {
        self.embedded().backup(path, now, limits, progress)
    }

    /// Gives unused space of the file back, by a new file in its place. Nobody can write until it is done, about a second for a
    /// hundred thousand users; everybody can read. It needs room for both files. For a thread that may wait.
    ///
    /// # Errors
    /// [`Error::NoRoom`], [`Error::Copy`], [`Error::Failed`] or [`Error::Damaged`]: the file is as it was.
    pub fn compact(&self) -> Result<(), Error> {
        self.embedded().compact()
    }

    /// Whether a write would succeed now. After a recent commit this costs nothing; otherwise it commits
    /// a mark of its own.
    pub async fn is_writable(&self) -> bool {
        self.embedded().is_writable().await
    }

    /// Panics in a job after it wrote something, as a defect of the engine may: a test sees what is left of it.
    #[doc(hidden)]
    pub async fn panic_in_a_job(&self) -> Result<(), Error> {
        self.embedded().panic_in_a_job().await
    }
}
