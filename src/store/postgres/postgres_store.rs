//! The store on PostgreSQL: its parts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use super::address::Address;
use super::budget::RetryBudget;
use super::checks;
use super::commit_session::{CommitSession, Shared};
use super::follower::Follower;
use super::hosts::Hosts;
use super::instance::Instance;
use super::leader::Leadership;
use super::migration::{self, TablesMigration};
use super::moves;
use super::readers::Readers;
use super::rows::number;
use super::session::Session;
use super::statements as sql;
use super::stats::Stats;
use super::writer::Writer;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::random::Random;
use crate::store::{Change, Error, PostgresSettings};

/// Connections for lists, beside those for lookups: a list that takes long holds up no login.
const LIST_CONNECTIONS: usize = 2;
/// Time that a database may take to be reached at the start, such as during a failover.
const START_PATIENCE: Duration = Duration::from_secs(10);
/// A server whose newest commit is older than this is not ready: a failover takes less.
pub const READY_AGE: Duration = Duration::from_secs(30);

/// A database on PostgreSQL.
pub struct PostgresStore {
    /// Way to commits.
    pub(super) writer: Writer,
    /// Lookups.
    pub(super) lookups: Arc<Readers>,
    /// Lists and scans.
    pub(super) lists: Readers,
    /// Random name of this server among those on the database.
    pub(super) instance_id: String,
    pub(super) clock: Clock,
    shared: Arc<Shared>,
    follower: Arc<Follower>,
    following: AbortHandle,
}

impl PostgresStore {
    /// Opens the database, making its tables if there are none.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Unfit`], [`Error::OlderSchema`], [`Error::NewerSchema`], [`Error::Unavailable`].
    pub async fn open(
        settings: &PostgresSettings,
        clock: Clock,
        random: Random,
    ) -> Result<Self, Error> {
        let hosts = Hosts::parse(settings.url.expose())?;
        prepare(&hosts, settings.require_sync).await?;
        let stats = Arc::new(Stats::new());
        let leadership = Arc::new(Leadership::new());
        let budget = Arc::new(RetryBudget::new());
        let readers = |connections| {
            Readers::new(
                Arc::clone(&hosts),
                Arc::clone(&leadership),
                connections,
                Arc::clone(&budget),
                Arc::clone(&stats),
            )
        };
        let (lookups, lists) = (
            Arc::new(readers(settings.connections)),
            readers(LIST_CONNECTIONS),
        );
        let follower = Arc::new(Follower::new());
        let shared = Arc::new(Shared {
            hosts: Arc::clone(&hosts),
            leadership: Arc::clone(&leadership),
            budget: Arc::clone(&budget),
            stats: Arc::clone(&stats),
            follower: Arc::clone(&follower),
        });
        let instance =
            Instance::new(clock.clone(), &random).map_err(|e| Error::Failed(e.to_string()))?;
        let instance_id = instance.id.clone();
        let mut session = CommitSession::new(Arc::clone(&shared), instance, random);
        session.ensure(START_PATIENCE).await?;
        follower.look(&lookups).await?;
        let following = tokio::spawn(Arc::clone(&follower).run(Arc::clone(&lookups)));
        Ok(Self {
            writer: Writer::spawn(session),
            lookups,
            lists,
            instance_id,
            clock,
            shared,
            follower,
            following: following.abort_handle(),
        })
    }

    /// Name of the database of these settings in messages: no user, no password.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn name_of(settings: &PostgresSettings) -> Result<String, Error> {
        Ok(Address::parse(settings.url.expose())?.name)
    }

    /// Brings the tables of an older version up to date, or makes them, without serving them.
    ///
    /// # Errors
    /// As [`PostgresStore::open`], but for [`Error::OlderTables`].
    pub async fn migrate(settings: &PostgresSettings) -> Result<TablesMigration, Error> {
        let hosts = Hosts::parse(settings.url.expose())?;
        let session = hosts.any_within(START_PATIENCE).await?;
        checks::ensure_fit(&session, hosts.name(), settings.require_sync).await?;
        migration::bring_up_to_date(&hosts, &session).await
    }

    /// Name of the database in messages: no user, no password.
    #[must_use]
    pub fn name(&self) -> &str {
        self.shared.hosts.name()
    }

    /// Name of the host that takes commits.
    #[must_use]
    pub fn leader(&self) -> Option<String> {
        let leader = self.shared.leadership.current()?;
        Some(self.shared.hosts.host_name(leader.host))
    }

    /// Time since the newest confirmed commit was begun; nothing if there was none.
    #[must_use]
    pub fn commit_age(&self) -> Option<Duration> {
        self.shared.leadership.confirmed_ago()
    }

    /// Number of the standbys that commits wait for; nothing when it cannot be seen, as by a role without `pg_monitor`.
    pub async fn standbys(&self) -> Option<u64> {
        let row = self.lookups.query_one(sql::STANDBYS, &[]).await;
        let row = row.ok()??;
        let [all, seen, synchronous] = [0, 1, 2].map(|place| number(&row, place).ok());
        synchronous.filter(|_| all == seen)
    }

    /// A session of its own with the host that leads, for what takes long.
    pub(super) async fn session_with_leader(&self) -> Result<Session, Error> {
        let hosts = &self.shared.hosts;
        let connected = match self.shared.leadership.current() {
            Some(leader) => hosts.connect(leader.host).await,
            None => Err("no host leads".into()),
        };
        connected.map_err(|cause| Error::Unavailable(format!("{}: {cause}", hosts.name())))
    }

    pub(in crate::store) fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.follower.changes()
    }

    pub(in crate::store) fn replaced(&self) -> watch::Receiver<()> {
        self.follower.gaps()
    }

    pub(in crate::store) fn state_changes(&self) -> watch::Receiver<i64> {
        self.follower.state_changes()
    }

    pub(in crate::store) fn is_writable(&self) -> bool {
        let newest = self.shared.leadership.confirmed_ago();
        newest.is_some_and(|ago| ago < READY_AGE)
    }

    pub(in crate::store) fn waiting_writes(&self) -> usize {
        self.writer.waiting()
    }

    pub(in crate::store) fn register_metrics(&self, metrics: &Metrics) {
        self.shared.stats.register(metrics);
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// Checks that the database is fit for its purpose, and makes its tables if there are none.
async fn prepare(hosts: &Hosts, require_sync: bool) -> Result<(), Error> {
    let session = hosts.any_within(START_PATIENCE).await?;
    checks::ensure_fit(&session, hosts.name(), require_sync).await?;
    migration::ensure_current(hosts, &session).await?;
    moves::ensure_none(&session, hosts.name()).await
}
