//! The store as a whole: what it knows besides records, and its file.

use std::path::Path;

use jiff::Timestamp;

use super::embedded::Embedded;
use super::{Contents, Error, Location, Store};
use crate::domain::{Collections, ServerKey};

impl Store {
    /// What is known of the collections; `None`: they began here.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn collections(&self) -> Result<Option<Collections>, Error> {
        self.embedded().collections()
    }

    /// Sets what is known of the collections.
    ///
    /// # Errors
    /// [`Error::Failed`]: nothing was stored.
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
    /// [`Error::Failed`]: nothing was stored.
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

    /// Reads everything, as [`Store::look`] does.
    ///
    /// # Errors
    /// [`Error::Damaged`] with the first thing that is wrong; [`Error::Failed`].
    pub fn check(&self) -> Result<Contents, Error> {
        self.embedded().check()
    }

    /// Copies what is stored now to a new file, which says that it was made at `now`, and reads that back before it gets its
    /// name. Nobody waits for it.
    ///
    /// # Errors
    /// [`Error::Open`] when the file is there already or cannot be made; [`Error::Failed`] or [`Error::Damaged`]: there is
    /// no file of that name.
    pub fn backup(&self, path: &Path, now: Timestamp) -> Result<Contents, Error> {
        self.embedded().backup(path, now)
    }

    /// Gives unused space of the file back. Nobody can read or write until it is done: about a second for
    /// a hundred thousand users.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`]: the file is as it was.
    pub fn compact(&self) -> Result<(), Error> {
        self.embedded().compact()
    }

    /// Whether a write would succeed now. After a recent commit this costs nothing; otherwise it commits
    /// a mark of its own.
    pub async fn is_writable(&self) -> bool {
        self.embedded().is_writable().await
    }
}
