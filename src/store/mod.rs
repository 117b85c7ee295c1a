//! Where users live. One method is one transaction; no transaction leaves this module.
//!
//! Reads run in place and never wait for a writer. Writes are acknowledged only after they are on disk.

mod change;
mod error;
mod events;
mod file;
mod identity;
mod location;
mod locks;
mod order;
mod record;
mod restore;
mod upkeep;
mod watch;
mod write;

use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::broadcast;

use crate::domain::{Company, Kind, NewUser, OpenId, Phone, RecordId, Superuser, User, UserNumber};
pub use change::{CompanyUpdate, Contents, CopyLimits, Scan, SuperuserUpdate, UserUpdate};
pub use error::Error;
pub use events::{EventBounds, NewEvent};
use file::Embedded;
pub use file::{
    Edit, NewDatabase, Progress, Unfinished, ensure_room, open_itself, open_itself_to_write,
    own_like, resolve, sync_and_drop_cache, sync_folder,
};
pub use identity::{BackupInfo, Identified};
pub use location::Location;
use locks::Locks;
pub use locks::RecordLocks;
pub use order::{Cursor, Order};
pub use record::{Action, Change, Record};
pub use redb::StorageBackend;
pub use redb::backends::{FileBackend, InMemoryBackend};
pub use restore::{Remembered, Restoration, Restored};
pub use watch::Disk;
pub use write::{CommitError, Conflict, Write};

/// Handle to the database, cheap to clone.
#[derive(Clone)]
pub struct Store {
    backend: Backend,
    locks: Arc<Locks>,
}

#[derive(Clone)]
enum Backend {
    Embedded(Arc<Embedded>),
}

impl Store {
    /// Opens the database, making or migrating it as needed, with a page cache of `cache_bytes`.
    ///
    /// # Errors
    /// Each variant of [`Error`] but `Damaged`; a file that is refused is left as it was.
    pub fn open(location: &Location, cache_bytes: usize) -> Result<Self, Error> {
        let embedded = Embedded::open(location, cache_bytes)?;
        Ok(Self {
            backend: Backend::Embedded(Arc::new(embedded)),
            locks: Arc::new(Locks::new()),
        })
    }

    fn embedded(&self) -> &Embedded {
        match &self.backend {
            Backend::Embedded(embedded) => embedded,
        }
    }

    /// How many users there are: exact, and as fast for ten million as for ten.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub async fn count_users(&self) -> Result<u64, Error> {
        self.embedded().count_users()
    }

    /// How many users have an imported password hash that their next login replaces: exact, and O(1).
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn count_imported_hashes(&self) -> Result<u64, Error> {
        self.embedded().count_imported_hashes()
    }

    /// At most `limit` users, oldest first, who come behind the one that was created at that time with that number.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn users_after(
        &self,
        after: Option<(Timestamp, UserNumber)>,
        limit: usize,
    ) -> Result<Vec<User>, Error> {
        self.embedded().users_after(after, limit)
    }

    /// At most `limit` companies in the order of their ids, behind `after`.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn companies_after(
        &self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<Company>, Error> {
        self.embedded().companies_after(after, limit)
    }

    /// All superusers, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn superusers(&self) -> Result<Vec<Superuser>, Error> {
        self.embedded().superusers()
    }

    /// The user with this record id.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn user_by_id(&self, id: &RecordId) -> Result<Option<User>, Error> {
        self.embedded().user_by_id(id)
    }

    /// The user with this openid.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn user_by_openid(&self, openid: &OpenId) -> Result<Option<User>, Error> {
        self.embedded().user_by_openid(openid)
    }

    /// The user with this phone.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn user_by_phone(&self, phone: &Phone) -> Result<Option<User>, Error> {
        self.embedded().user_by_phone(phone)
    }

    /// The user with this e-mail address.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        self.embedded().user_by_email(email)
    }

    /// The company with this record id.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn company_by_id(&self, id: &RecordId) -> Result<Option<Company>, Error> {
        self.embedded().company_by_id(id)
    }

    /// The superuser with this record id.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn superuser_by_id(&self, id: &RecordId) -> Result<Option<Superuser>, Error> {
        self.embedded().superuser_by_id(id)
    }

    /// The superuser with this e-mail address.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn superuser_by_email(&self, email: &str) -> Result<Option<Superuser>, Error> {
        self.embedded().superuser_by_email(email)
    }

    /// The company with this key.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub async fn company_by_company_id(&self, company_id: &str) -> Result<Option<Company>, Error> {
        self.embedded().company_by_company_id(company_id)
    }

    /// Adds a user, or says which rule forbids it.
    ///
    /// # Errors
    /// [`Error::Failed`]: nothing was stored; [`Error::Unknown`].
    pub async fn insert_user(&self, new: NewUser) -> Result<Result<User, Conflict>, Error> {
        self.embedded().insert_user(new).await
    }

    /// The user with the openid of `new`, made from `new` if there is none; `true` when it was made.
    /// Of many concurrent calls for one openid exactly one makes the user.
    ///
    /// # Errors
    /// [`Error::Failed`]: nothing was stored; [`Error::Unknown`].
    pub async fn find_or_insert_user(
        &self,
        new: NewUser,
    ) -> Result<Result<(User, bool), Conflict>, Error> {
        self.embedded().find_or_insert_user(new).await
    }

    /// Changes a user, all of `update` or nothing, and stamps it with `now`.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`]: nothing was stored; [`Error::Unknown`].
    pub async fn update_user(
        &self,
        id: RecordId,
        update: UserUpdate,
        now: Timestamp,
    ) -> Result<Result<User, Conflict>, Error> {
        self.embedded().update_user(id, update, now).await
    }

    /// Replaces a password hash, unless it is no longer `old`. `updated` stays: the password is the same.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`]: nothing was stored; [`Error::Unknown`].
    pub async fn replace_password_hash(
        &self,
        id: RecordId,
        old: String,
        new: String,
    ) -> Result<(), Error> {
        self.embedded().replace_password_hash(id, old, new).await
    }

    /// Replaces the password hash of a superuser, as [`Store::replace_password_hash`] does for a user.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`]: nothing was stored; [`Error::Unknown`].
    pub async fn replace_superuser_hash(
        &self,
        id: RecordId,
        old: String,
        new: String,
    ) -> Result<(), Error> {
        self.embedded().replace_superuser_hash(id, old, new).await
    }

    /// Commits all of `writes` in their order, or none of them; the records as they are after it, a deleted one as it was.
    pub async fn commit(&self, mut writes: Vec<Write>) -> Result<Vec<Record>, CommitError> {
        writes.iter_mut().try_for_each(Write::prepare)?;
        self.embedded().commit(writes).await
    }

    /// Commits one new record, and returns it with its number.
    pub async fn insert<R>(&self, record: R) -> Result<R, CommitError>
    where
        R: Into<Record> + TryFrom<Record, Error = Error>,
    {
        self.commit_one(Write::insert(record)).await
    }

    /// Replaces one record, which was read as `before`, by `after`.
    pub async fn update<R>(&self, before: R, after: R) -> Result<R, CommitError>
    where
        R: Into<Record> + TryFrom<Record, Error = Error>,
    {
        self.commit_one(Write::update(before, after)).await
    }

    async fn commit_one<R>(&self, write: Write) -> Result<R, CommitError>
    where
        R: TryFrom<Record, Error = Error>,
    {
        let written = self.commit(vec![write]).await?.pop();
        let record = written.ok_or_else(|| Error::Failed("a commit returned no record".into()))?;
        Ok(R::try_from(record)?)
    }

    /// Commits what may be done of `writes` together, each by itself: for each the record, or why it may not be done.
    pub async fn commit_each(
        &self,
        mut writes: Vec<Write>,
    ) -> Result<Vec<Result<Record, Conflict>>, Error> {
        writes.iter_mut().try_for_each(Write::prepare)?;
        self.embedded().commit_each(writes).await
    }

    /// At most `limit` records behind `cursor`, as they are now; fewer only at the end of the order. Pages that begin where
    /// the page before ended show a record that is there all the time exactly once.
    pub async fn records_after(
        &self,
        order: Order,
        cursor: &Cursor,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        self.embedded().records_after(order, cursor, limit)
    }

    /// Locks records, so that whoever else locks them waits meanwhile: for who reads, decides and commits, that nobody comes in
    /// between. A commit without the lock succeeds all the same, and other processes know nothing of it.
    pub async fn lock<'a>(&self, ids: impl IntoIterator<Item = &'a RecordId>) -> RecordLocks {
        self.locks.lock(ids).await
    }

    /// The record of this kind with this id.
    pub async fn record_by_id(&self, kind: Kind, id: &RecordId) -> Result<Option<Record>, Error> {
        self.embedded().record_by_id(kind, id)
    }

    /// Does all of `writes` in one transaction and stamps what changes with `now`; or nothing of it, and says which one
    /// may not be done, and why. The records are in the order of the writes; of a deleted one, what it was.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`]: nothing was stored; [`Error::Unknown`].
    pub async fn write(
        &self,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Result<Result<Vec<Record>, (usize, Conflict)>, Error> {
        self.embedded().write(writes, now).await
    }

    /// Runs `decide` in one transaction, on the newest records and on what it wrote itself. When it fails, nothing of it is
    /// done. It runs on the thread that writes: it must not wait for anything; and again, when the transaction has to be begun anew.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`]: nothing was stored; [`Error::Unknown`].
    pub async fn edit<T, E, F>(&self, now: Timestamp, decide: F) -> Result<Result<T, E>, Error>
    where
        T: Send + 'static,
        E: Send + 'static,
        F: Fn(&mut Edit<'_, '_>) -> Result<Result<T, E>, Error> + Send + 'static,
    {
        self.embedded().edit(now, decide).await
    }

    /// Shows records to `visit`, one by one, until it breaks. A record that is made, changed or removed meanwhile may be seen as it
    /// was or as it is; every other one is seen once. Takes as long as there are records: not for a thread that others wait for.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn scan(
        &self,
        scan: Scan,
        visit: impl FnMut(Record) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.embedded().scan(scan, visit)
    }

    /// Does what may be done of `writes` in one transaction, each by itself, and stamps what changes with `now`: for each
    /// the record, or why it may not be done.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`]: nothing was stored; [`Error::Unknown`].
    pub async fn write_each(
        &self,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Result<Vec<Result<Record, Conflict>>, Error> {
        self.embedded().write_each(writes, now).await
    }

    /// Every change of a record from now on, after it is on disk, in the order in which they were made. Who reads too
    /// slowly loses the oldest.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.embedded().changes()
    }
}
