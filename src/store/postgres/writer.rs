//! The one task that commits. It takes every waiting job, runs them in one transaction, and answers after its commit: many clients
//! share the cost of one, and of the lock that puts the commits of all servers in one order.
//!
//! A commit whose outcome is not known is looked for under its id, on whichever host leads then, and sent again if it is not there.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::batch::Batch;
use super::commit_session::CommitSession;
use super::job::{Job, Work};
use super::wants::Wants;
use super::working_set::WorkingSet;
use crate::store::Error;

/// Jobs that may wait; further requesters wait for a place.
const QUEUE: usize = 1024;
/// Jobs of one transaction at most.
const JOBS: usize = 256;
/// Time within which a write is answered.
pub const DEADLINE: Duration = Duration::from_secs(2);
/// Time beyond it after which nobody waits any more for the task, which may be held up by the connection.
const GRACE: Duration = Duration::from_millis(200);
/// Time after which an idle server commits its own row, so that its lease goes on.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The same while no host takes commits.
const SEARCH_PAUSE: Duration = Duration::from_millis(100);

/// The way to the task that commits, which ends with its last handle.
pub struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the task.
    pub fn spawn(session: CommitSession) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(run(queue, session));
        Self { jobs }
    }

    /// Runs `work` in the next transaction; the answer comes after its commit.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the outcome is not known by the deadline; [`Error::Failed`].
    pub async fn write<T, F>(&self, wants: Wants, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut WorkingSet) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let deadline = Instant::now() + DEADLINE;
        let job = Box::new(Work {
            wants,
            deadline,
            work,
            outcome: None,
            reply,
        });
        let answered = timeout_at(deadline + GRACE, async {
            self.enqueue(job).await?;
            answer.await.map_err(|_| stopped())?
        });
        answered.await.unwrap_or_else(|_| Err(too_late()))
    }

    /// Waits for a place in the queue.
    fn enqueue(&self, job: Box<dyn Job>) -> BoxFuture<'_, Result<(), Error>> {
        let sent = self.jobs.send(job);
        async move { sent.await.map_err(|_| stopped()) }.boxed()
    }

    /// Jobs that wait for the next transaction.
    pub fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }
}

fn stopped() -> Error {
    Error::Failed("the store has stopped".into())
}

fn too_late() -> Error {
    Error::Unavailable(
        "the write was not answered in time; whether it is stored is not known".into(),
    )
}

async fn run(mut queue: mpsc::Receiver<Box<dyn Job>>, mut session: CommitSession) {
    let mut heartbeat = Instant::now();
    loop {
        let first = tokio::select! {
            biased;
            job = queue.recv() => job,
            () = sleep_until(heartbeat) => {
                let pause = match session.beat().await {
                    true => HEARTBEAT,
                    false => SEARCH_PAUSE,
                };
                heartbeat = Instant::now() + pause;
                continue;
            }
        };
        let Some(first) = first else { return };
        let batch = Batch::new(first, &mut queue, JOBS);
        if commit(&mut session, batch).await {
            heartbeat = Instant::now() + HEARTBEAT;
        }
    }
}

/// Commits a batch, trying again until it is settled or nobody waits any more; whether a commit was confirmed.
async fn commit(session: &mut CommitSession, mut batch: Batch) -> bool {
    let begun = Instant::now();
    let jobs = batch.len();
    let Some(id) = session.new_commit_id() else {
        batch.answer(&Err(Error::Failed("no randomness for a commit".into())));
        return false;
    };
    let shared = Arc::clone(&session.shared);
    loop {
        batch.expire();
        if batch.is_empty() {
            shared.stats.commits.record(jobs, begun.elapsed(), false);
            return false;
        }
        match session.attempt(&mut batch, &id).await {
            Some(Ok(is_confirmed)) => {
                batch.answer(&Ok(()));
                shared.stats.commits.record(jobs, begun.elapsed(), true);
                return is_confirmed;
            }
            Some(Err(error)) => {
                batch.answer(&Err(error));
                shared.stats.commits.record(jobs, begun.elapsed(), false);
                return false;
            }
            None => {}
        }
    }
}
