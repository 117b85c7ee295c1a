//! Session for commits: with the host that leads, which is looked for again whenever the session is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::batch::Batch;
use super::budget::RetryBudget;
use super::errors::words;
use super::follower::Follower;
use super::hosts::Hosts;
use super::instance::Instance;
use super::leader::{Leader, Leadership};
use super::session::Session;
use super::stats::Stats;
use super::sweep::Sweep;
use super::transaction::{Begun, Failure, STATEMENTS, begin, commit};
use crate::random::Random;
use crate::store::{Change, Error};

/// Time within which a host has to confirm a commit of its own, and in which a transaction has to end.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pauses before another attempt: after a conflict with others, and when no host takes commits.
const PAUSE: Duration = Duration::from_millis(5);
const SEARCH_PAUSE: Duration = Duration::from_millis(100);

/// Parts that the writer shares with the rest of the store.
pub struct Shared {
    /// The hosts.
    pub hosts: Arc<Hosts>,
    /// The leader.
    pub leadership: Arc<Leadership>,
    /// Retries that are left.
    pub budget: Arc<RetryBudget>,
    /// Metrics.
    pub stats: Arc<Stats>,
    /// Told of each commit.
    pub follower: Arc<Follower>,
}

/// Session for commits.
pub struct CommitSession {
    /// Parts that others work with, too.
    pub shared: Arc<Shared>,
    instance: Instance,
    random: Random,
    session: Option<(Leader, Session)>,
    sweep: Sweep,
    /// Whether it was said that no host takes commits.
    is_told: bool,
}

impl CommitSession {
    pub fn new(shared: Arc<Shared>, instance: Instance, random: Random) -> Self {
        Self {
            sweep: Sweep::new(instance.clock.clone()),
            shared,
            instance,
            random,
            session: None,
            is_told: false,
        }
    }

    /// An id for a commit; nothing when the system gives no randomness.
    pub fn new_commit_id(&self) -> Option<String> {
        self.random.uuid().ok().map(|id| id.to_string())
    }

    /// Looks for the host that leads, if there is no session with it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when none confirms a commit in time.
    pub async fn ensure(&mut self, within: Duration) -> Result<Leader, Error> {
        if let Some((leader, session)) = &self.session
            && !session.is_closed()
        {
            return Ok(*leader);
        }
        self.session = None;
        let hosts = Arc::clone(&self.shared.hosts);
        let found = hosts.find_leader(&self.instance, STATEMENTS, within).await;
        let (host, session, begun) = found.inspect_err(|error| self.tell(error))?;
        let leader = self.shared.leadership.lead(host, begun);
        self.shared.stats.leaders.inc();
        if std::mem::take(&mut self.is_told) || leader.epoch > 1 {
            tracing::warn!(host = %hosts.host_name(host), "PostgreSQL takes commits again");
        }
        self.session = Some((leader, session));
        Ok(leader)
    }

    fn tell(&mut self, error: &Error) {
        if !std::mem::replace(&mut self.is_told, true) {
            tracing::error!(%error, "no PostgreSQL takes commits: writes are refused until one does, and reads soon, too");
        }
    }

    /// Commits the server's own row, so that the lease goes on, and sweeps what is old; whether a host takes commits.
    pub async fn beat(&mut self) -> bool {
        let Ok(leader) = self.ensure(PATIENCE).await else {
            return false;
        };
        let Some((_, session)) = &self.session else {
            return false;
        };
        let begun = Instant::now();
        let shown = timeout_at(begun + PATIENCE, self.instance.show(session)).await;
        match shown {
            Ok(Ok(())) if !session.take_warning() => {
                self.shared.leadership.confirm(leader, begun);
                let deadline = Instant::now() + PATIENCE;
                match timeout_at(deadline, self.sweep.run(session)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(cause)) => tracing::debug!(%cause, "old rows stay for now"),
                    Err(_) => self.lose("old rows were not removed in time"),
                }
            }
            Ok(Ok(())) => self.lose("it warned instead of confirming a commit"),
            Ok(Err(error)) => self.lose(&words(&error)),
            Err(_) => self.lose("it did not confirm a commit in time"),
        }
        self.session.is_some()
    }

    fn lose(&mut self, cause: &str) {
        tracing::debug!(%cause, "the connection for commits is given up");
        self.session = None;
    }

    /// Tries once to commit the batch: whether a commit was confirmed, or the error for all of it; nothing when it has to be tried
    /// again.
    pub async fn attempt(&mut self, batch: &mut Batch, id: &String) -> Option<Result<bool, Error>> {
        let deadline = batch.deadline();
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(leader) = self.ensure(left.min(PATIENCE)).await else {
            sleep(SEARCH_PAUSE.min(left)).await;
            return None;
        };
        let (_, session) = self.session.as_ref()?;
        let begun = Instant::now();
        let ended = timeout_at(
            deadline,
            transact(session, batch, id, self.instance.clock.now_ms()),
        );
        match ended.await {
            Ok(Ok(End::Refused)) => Some(Ok(false)),
            Ok(Ok(End::Committed { behind, changes })) => {
                self.shared.follower.tell_own(behind, changes);
                self.shared.budget.earn();
                self.shared.leadership.confirm(leader, begun);
                Some(Ok(true))
            }
            Ok(Ok(End::Found)) => self.confirm_found(leader).await,
            Ok(Err(failure)) => self.after(failure).await,
            Err(_) => {
                self.shared.stats.unknown.inc();
                self.lose("a transaction did not end in time");
                None
            }
        }
    }

    /// A commit of an earlier attempt was found: it is confirmed by one behind it.
    async fn confirm_found(&mut self, leader: Leader) -> Option<Result<bool, Error>> {
        let (_, session) = self.session.as_ref()?;
        let begun = Instant::now();
        let shown = timeout_at(begun + PATIENCE, self.instance.show(session)).await;
        match shown {
            Ok(Ok(())) if !session.take_warning() => {
                self.shared.leadership.confirm(leader, begun);
                Some(Ok(true))
            }
            _ => {
                self.lose("a commit that was found was not confirmed");
                None
            }
        }
    }

    async fn after(&mut self, failure: Failure) -> Option<Result<bool, Error>> {
        match failure {
            Failure::Again(error) => {
                self.shared.stats.retried(&error);
                self.roll_back().await;
                if !self.shared.budget.spend() {
                    return Some(Err(Error::Unavailable(words(&error))));
                }
                sleep(PAUSE.mul_f64(1.0 + self.jitter())).await;
                None
            }
            Failure::Lost(cause) => {
                self.lose(&cause);
                None
            }
            Failure::Unknown(cause) => {
                self.shared.stats.unknown.inc();
                self.lose(&cause);
                None
            }
            Failure::Failed(error) => {
                self.roll_back().await;
                Some(Err(error))
            }
        }
    }

    /// A number from 0 to 3, so that servers that were in each other's way are not again.
    fn jitter(&self) -> f64 {
        let byte = self.random.bytes::<1>().map_or(0, |[byte]| byte);
        f64::from(byte) / 85.0
    }

    async fn roll_back(&mut self) {
        let Some((_, session)) = &self.session else {
            return;
        };
        let rolled_back = timeout_at(Instant::now() + PATIENCE, session.run("ROLLBACK")).await;
        if !matches!(rolled_back, Ok(Ok(()))) {
            self.lose("a transaction could not be rolled back");
        }
    }
}

/// End of a transaction.
enum End {
    /// It was committed, with these changes behind the one of that number.
    Committed { behind: i64, changes: Vec<Change> },
    /// It was committed by an earlier attempt.
    Found,
    /// Nothing was to be written.
    Refused,
}

async fn transact(
    session: &Session,
    batch: &mut Batch,
    id: &String,
    now_ms: i64,
) -> Result<End, Failure> {
    let wants = batch.wants();
    let mut set = match begin(session, &wants, Some(id)).await? {
        Begun::Open(set) => set,
        Begun::Committed => {
            session.run("ROLLBACK").await.map_err(Failure::of)?;
            return Ok(End::Found);
        }
    };
    batch.run(&mut set);
    if !set.is_changed() {
        session.run("ROLLBACK").await.map_err(Failure::of)?;
        return Ok(End::Refused);
    }
    commit(session, &mut set, id, now_ms).await?;
    Ok(End::Committed {
        behind: set.totals.change,
        changes: set.changes,
    })
}
