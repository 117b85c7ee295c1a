//! The handle to the database: lookups, pages, commits.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};

use super::error::Error;
use super::file::FileStore;
use super::location::Location;
use super::locks::{Locks, RecordLocks};
use super::order::{Cursor, Order};
use super::outbox::Outbox;
use super::postgres::PostgresStore;
use super::postgres_settings::PostgresSettings;
use super::record::{Change, Record};
use super::write::{CommitError, Conflict, Write};
use crate::clock::Clock;
use crate::domain::{Company, Kind, OpenId, Phone, RecordId, Superuser, User};
use crate::random::Random;

/// Handle to the database, cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(super) engine: Engine,
    locks: Locks,
    pub(super) outbox: Outbox,
}

/// Engine that keeps the records.
#[derive(Clone)]
pub(super) enum Engine {
    /// A file.
    File(Arc<FileStore>),
    /// PostgreSQL.
    Postgres(Arc<PostgresStore>),
}

impl Store {
    /// Opens the database in a file, making or migrating it as needed, with a page cache of `cache_bytes`.
    ///
    /// # Errors
    /// Each variant of [`Error`] but `Damaged`; a file that is refused is left as it was.
    pub fn open(location: &Location, cache_bytes: usize) -> Result<Self, Error> {
        let file = FileStore::open(location, cache_bytes)?;
        Ok(Self {
            engine: Engine::File(Arc::new(file)),
            locks: Locks::default(),
            outbox: Outbox::new(Vec::new(), Clock::System, Random::System),
        })
    }

    /// Opens the database on PostgreSQL, making its tables if there are none.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Unfit`], [`Error::OlderTables`], [`Error::NewerSchema`], [`Error::Unavailable`].
    pub async fn connect(
        settings: &PostgresSettings,
        clock: Clock,
        random: Random,
    ) -> Result<Self, Error> {
        let postgres = PostgresStore::open(settings, clock, random).await?;
        Ok(Self {
            engine: Engine::Postgres(Arc::new(postgres)),
            locks: Locks::default(),
            outbox: Outbox::new(Vec::new(), Clock::System, Random::System),
        })
    }

    /// The database's file, with all that only a database in a file has.
    #[must_use]
    pub fn file(&self) -> Option<&FileStore> {
        match &self.engine {
            Engine::File(file) => Some(file),
            Engine::Postgres(_) => None,
        }
    }

    /// The database on PostgreSQL, with all that only such a one has.
    #[must_use]
    pub fn postgres(&self) -> Option<&PostgresStore> {
        match &self.engine {
            Engine::File(_) => None,
            Engine::Postgres(postgres) => Some(postgres),
        }
    }

    /// The user with this record id.
    pub async fn user_by_id(&self, id: &RecordId) -> Result<Option<User>, Error> {
        match &self.engine {
            Engine::File(file) => file.user_by_id(id),
            Engine::Postgres(postgres) => postgres.user_by_id(id).await,
        }
    }

    /// The user with this openid.
    pub async fn user_by_openid(&self, openid: &OpenId) -> Result<Option<User>, Error> {
        match &self.engine {
            Engine::File(file) => file.user_by_openid(openid),
            Engine::Postgres(postgres) => postgres.user_by_openid(openid).await,
        }
    }

    /// The user with this phone.
    pub async fn user_by_phone(&self, phone: &Phone) -> Result<Option<User>, Error> {
        match &self.engine {
            Engine::File(file) => file.user_by_phone(phone),
            Engine::Postgres(postgres) => postgres.user_by_phone(phone).await,
        }
    }

    /// The number of users whose phones begin so.
    pub async fn count_users_by_phone_prefix(&self, prefix: &str) -> Result<u64, Error> {
        match &self.engine {
            Engine::File(file) => file.count_users_by_phone_prefix(prefix),
            Engine::Postgres(postgres) => postgres.count_users_by_phone_prefix(prefix).await,
        }
    }

    /// The users whose phones begin so, by phone.
    pub async fn users_by_phone_prefix(&self, prefix: &str) -> Result<Vec<User>, Error> {
        match &self.engine {
            Engine::File(file) => file.users_by_phone_prefix(prefix),
            Engine::Postgres(postgres) => postgres.users_by_phone_prefix(prefix).await,
        }
    }

    /// The user with this e-mail address.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, Error> {
        match &self.engine {
            Engine::File(file) => file.user_by_email(email),
            Engine::Postgres(postgres) => postgres.user_by_email(email).await,
        }
    }

    /// The company with this record id.
    pub async fn company_by_id(&self, id: &RecordId) -> Result<Option<Company>, Error> {
        match &self.engine {
            Engine::File(file) => file.company_by_id(id),
            Engine::Postgres(postgres) => postgres.company_by_id(id).await,
        }
    }

    /// The company with this key.
    pub async fn company_by_company_id(&self, company_id: &str) -> Result<Option<Company>, Error> {
        match &self.engine {
            Engine::File(file) => file.company_by_company_id(company_id),
            Engine::Postgres(postgres) => postgres.company_by_company_id(company_id).await,
        }
    }

    /// The superuser with this record id.
    pub async fn superuser_by_id(&self, id: &RecordId) -> Result<Option<Superuser>, Error> {
        match &self.engine {
            Engine::File(file) => file.superuser_by_id(id),
            Engine::Postgres(postgres) => postgres.superuser_by_id(id).await,
        }
    }

    /// The superuser with this e-mail address.
    pub async fn superuser_by_email(&self, email: &str) -> Result<Option<Superuser>, Error> {
        match &self.engine {
            Engine::File(file) => file.superuser_by_email(email),
            Engine::Postgres(postgres) => postgres.superuser_by_email(email).await,
        }
    }

    /// The record of this kind with this id.
    pub async fn record_by_id(&self, kind: Kind, id: &RecordId) -> Result<Option<Record>, Error> {
        match &self.engine {
            Engine::File(file) => file.record_by_id(kind, id),
            Engine::Postgres(postgres) => postgres.record_by_id(kind, id).await,
        }
    }

    /// At most `limit` records behind `cursor`, as they are now; fewer only at the end of the order. Pages that begin where
    /// the page before ended show a record that is there all the time exactly once.
    pub async fn records_after(
        &self,
        order: Order,
        cursor: &Cursor,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        match &self.engine {
            Engine::File(file) => file.records_after(order, cursor, limit),
            Engine::Postgres(postgres) => postgres.records_after(order, cursor, limit).await,
        }
    }

    /// Locks records, so that whoever else locks them waits meanwhile: for who reads, decides and commits, that nobody comes in
    /// between. A commit without the lock succeeds all the same, and other processes know nothing of it.
    pub async fn lock<'a>(&self, ids: impl IntoIterator<Item = &'a RecordId>) -> RecordLocks {
        self.locks.lock(ids).await
    }

    /// Commits all of `writes` in their order, or none of them; the records as they are after it, a deleted one as it was.
    pub async fn commit(&self, mut writes: Vec<Write>) -> Result<Vec<Record>, CommitError> {
        writes.iter_mut().try_for_each(Write::prepare)?;
        let notices = self.outbox.notices(&writes)?;
        let tells = !notices.list.is_empty();
        let committed = match &self.engine {
            Engine::File(file) => file.commit(writes, notices).await,
            Engine::Postgres(postgres) => postgres.commit(writes, notices).await,
        };
        self.tell(tells);
        committed
    }

    /// Tells that there may be messages: whether they are stored is not known after some errors.
    pub(super) fn tell(&self, tells: bool) {
        if tells {
            self.outbox.tell();
        }
    }

    /// Commits what may be done of `writes` together, each by itself: for each the record, or why it may not be done.
    pub async fn commit_each(
        &self,
        mut writes: Vec<Write>,
    ) -> Result<Vec<Result<Record, Conflict>>, Error> {
        writes.iter_mut().try_for_each(Write::prepare)?;
        let notices = self.outbox.notices(&writes)?;
        let tells = !notices.list.is_empty();
        let committed = match &self.engine {
            Engine::File(file) => file.commit_each(writes, notices).await,
            Engine::Postgres(postgres) => postgres.commit_each(writes, notices).await,
        };
        self.tell(tells);
        committed
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

    /// Every change of a record from now on, after it is on disk, in the order in which they were made. Who reads too
    /// slowly loses the oldest.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        match &self.engine {
            Engine::File(file) => file.changes(),
            Engine::Postgres(postgres) => postgres.changes(),
        }
    }

    /// Tells when another database has taken the place of this one: whoever keeps something of it has to begin anew.
    #[must_use]
    pub fn replaced(&self) -> watch::Receiver<()> {
        match &self.engine {
            Engine::File(file) => file.replaced(),
            Engine::Postgres(postgres) => postgres.replaced(),
        }
    }
}
