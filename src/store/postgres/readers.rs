//! Readers: sessions with the leader on which statements are asked, several at once on each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::Row;

use super::budget::RetryBudget;
use super::errors::{Remedy, failed, remedy, words};
use super::hosts::Hosts;
use super::leader::{Leader, Leadership};
use super::session::{Params, Session};
use super::stats::Stats;
use crate::store::Error;

/// Time within which a read is answered, whatever became of connections and hosts meanwhile.
pub const DEADLINE: Duration = Duration::from_secs(2);
/// Pause before a read is asked anew.
const PAUSE: Duration = Duration::from_millis(20);

/// Sessions for reads.
pub struct Readers {
    hosts: Arc<Hosts>,
    leadership: Arc<Leadership>,
    slots: Vec<Slot>,
    budget: Arc<RetryBudget>,
    stats: Arc<Stats>,
}

/// Place of a session.
#[derive(Default)]
struct Slot {
    session: Mutex<Option<(Leader, Arc<Session>)>>,
    /// Statements that are being asked.
    asked: AtomicUsize,
}

/// A statement that is being asked in a slot, until this is dropped.
struct Asking<'a>(&'a Slot, &'a Stats);

impl<'a> Asking<'a> {
    fn new(slot: &'a Slot, stats: &'a Stats) -> Self {
        slot.asked.fetch_add(1, Ordering::Relaxed);
        stats.asking.inc();
        Self(slot, stats)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.asked.fetch_sub(1, Ordering::Relaxed);
        self.1.asking.dec();
    }
}

impl Readers {
    pub fn new(
        hosts: Arc<Hosts>,
        leadership: Arc<Leadership>,
        sessions: usize,
        budget: Arc<RetryBudget>,
        stats: Arc<Stats>,
    ) -> Self {
        Self {
            hosts,
            leadership,
            slots: (0..sessions.max(1)).map(|_| Slot::default()).collect(),
            budget,
            stats,
        }
    }

    /// The rows of a statement, as they are on the leader.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no leader answers within the deadline; [`Error::Failed`].
    pub fn query<'a>(
        &'a self,
        sql: &'static str,
        params: Params<'a>,
    ) -> BoxFuture<'a, Result<Vec<Row>, Error>> {
        // Boxed: each of some fifty callers would have a copy of it.
        self.query_in_time(sql, params).boxed()
    }

    async fn query_in_time(
        &self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, Error> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.ask(sql, params, deadline).await? {
                Some(rows) => return Ok(rows),
                None if Instant::now() + PAUSE < deadline => sleep(PAUSE).await,
                None => return Err(self.too_late()),
            }
        }
    }

    /// The first row of a statement.
    pub async fn query_one(
        &self,
        sql: &'static str,
        params: Params<'_>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// Asks once; nothing if it has to be asked anew.
    async fn ask(
        &self,
        sql: &'static str,
        params: Params<'_>,
        deadline: Instant,
    ) -> Result<Option<Vec<Row>>, Error> {
        let leader = self.leadership.wait(deadline).await;
        let leader = leader.ok_or_else(|| self.too_late())?;
        let slot = self.least_asked();
        let _asking = Asking::new(slot, &self.stats);
        let session = match timeout_at(deadline, self.session(slot, leader)).await {
            Ok(Ok(session)) => session,
            Ok(Err(cause)) => {
                tracing::debug!(%cause, "no connection for a read");
                return Ok(None);
            }
            Err(_) => return Err(self.too_late()),
        };
        let answer = timeout_at(deadline, session.query(sql, params)).await;
        match answer {
            Ok(Ok(rows)) if self.leadership.is_leased(leader) => {
                self.budget.earn();
                Ok(Some(rows))
            }
            Ok(Ok(_)) => Ok(None),
            Ok(Err(error)) => match remedy(&error) {
                Remedy::Again if self.budget.spend() => {
                    self.stats.retried(&error);
                    Ok(None)
                }
                Remedy::Again => Err(Error::Unavailable(words(&error))),
                Remedy::Reconnect => {
                    self.stats.retried(&error);
                    forget(slot, &session).await;
                    Ok(None)
                }
                Remedy::None => Err(failed(&error)),
            },
            Err(_) => {
                forget(slot, &session).await;
                Err(self.too_late())
            }
        }
    }

    fn least_asked(&self) -> &Slot {
        let asked = |slot: &&Slot| slot.asked.load(Ordering::Relaxed);
        self.slots
            .iter()
            .min_by_key(asked)
            .unwrap_or(&self.slots[0])
    }

    /// The slot's session with that leader.
    async fn session(&self, slot: &Slot, leader: Leader) -> Result<Arc<Session>, String> {
        let mut known = slot.session.lock().await;
        if let Some((of, session)) = &*known
            && *of == leader
            && !session.is_closed()
        {
            return Ok(Arc::clone(session));
        }
        *known = None;
        // Seldom, and large: every read would carry it.
        let connected = Box::pin(self.hosts.connect(leader.host)).await;
        let session = Arc::new(connected?);
        *known = Some((leader, Arc::clone(&session)));
        Ok(session)
    }

    fn too_late(&self) -> Error {
        Error::Unavailable(format!(
            "{} did not answer within {DEADLINE:?}",
            self.hosts.name()
        ))
    }
}

/// Cuts a session that is of no use any more.
async fn forget(slot: &Slot, session: &Arc<Session>) {
    let mut known = slot.session.lock().await;
    if known
        .as_ref()
        .is_some_and(|(_, known)| Arc::ptr_eq(known, session))
    {
        *known = None;
    }
}
