//! The one thread that writes. It takes every waiting job, runs them in one transaction, commits once,
//! and only then answers: many clients share the cost of one fsync.
//!
//! Two rules: a job checks before it writes, so a refused job leaves no trace in the shared transaction;
//! and a requester that has gone away does not stop its job.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot};

use super::engine::Engine;
use super::stats::Stats;
use super::tables::Tables;
use crate::metrics::Metrics;
use crate::store::{Change, Error};

/// Jobs that may wait; further requesters wait for a place.
const QUEUE: usize = 1024;
/// Changes that are kept for those who listen and are slow.
const CHANGES: usize = 1024;
/// A commit this recent proves that writing works.
const PROOF_AGE: Duration = Duration::from_secs(5);
/// A write that takes longer than this counts as failing.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

pub struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    state: Arc<State>,
    changes: broadcast::Sender<Arc<Change>>,
}

impl Writer {
    pub fn spawn(engine: Arc<Engine>) -> Result<Self, Error> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let state = Arc::new(State::new());
        let (changes, _) = broadcast::channel(CHANGES);
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn({
                let (state, changes) = (Arc::clone(&state), changes.clone());
                move || run(&engine, queue, &state, &changes)
            })
            .map_err(|e| Error::Failed(format!("starting the writer thread: {e}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), state, changes })
    }

    /// Runs `work` in the next transaction; the answer comes after its commit.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tables<'_>) -> Result<T, Error> + Send + 'static,
    {
        let stopped = || Error::Failed("the writer has stopped".into());
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write { work: Some(work), outcome: None, reply });
        self.jobs.as_ref().ok_or_else(stopped)?.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Shows what is counted of writes.
    pub fn show(&self, metrics: &Metrics) {
        self.state.stats.show(metrics);
    }

    /// Jobs that wait for the next transaction.
    pub fn waiting(&self) -> usize {
        self.jobs.as_ref().map_or(0, |jobs| jobs.max_capacity() - jobs.capacity())
    }

    /// What is committed from now on.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// Whether a write would succeed: known from a recent commit, else found out by one.
    pub async fn is_working(&self) -> bool {
        if self.state.is_proven() {
            return true;
        }
        let probe = self.write(|tables: &mut Tables<'_>| tables.mark_probe());
        matches!(tokio::time::timeout(PROBE_TIMEOUT, probe).await, Ok(Ok(())))
    }
}

/// Ends the thread after the jobs that are waiting, so that the file is closed cleanly.
impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct State {
    stats: Stats,
    started: Instant,
    failing: AtomicBool,
    last_commit_ms: AtomicU64,
}

impl State {
    fn new() -> Self {
        Self {
            stats: Stats::new(),
            started: Instant::now(),
            failing: AtomicBool::new(true),
            last_commit_ms: AtomicU64::new(0),
        }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn record(&self, committed: bool) {
        if committed {
            self.last_commit_ms.store(self.elapsed_ms(), Ordering::Relaxed);
        }
        self.failing.store(!committed, Ordering::Release);
    }

    fn is_proven(&self) -> bool {
        let age = self.elapsed_ms().saturating_sub(self.last_commit_ms.load(Ordering::Relaxed));
        !self.failing.load(Ordering::Acquire) && u128::from(age) < PROOF_AGE.as_millis()
    }
}

trait Job: Send {
    /// Does the work; `Err` when the transaction must not be committed.
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Error>;
    /// Tells the requester, if it is still there.
    fn answer(self: Box<Self>, commit: &Result<(), Error>);
}

struct Write<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnOnce(&mut Tables<'_>) -> Result<T, Error> + Send,
{
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Error> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let outcome = work(tables);
        let verdict = match &outcome {
            Err(error @ Error::Failed(_)) => Err(error.clone()),
            _ => Ok(()),
        };
        self.outcome = Some(outcome);
        verdict
    }

    fn answer(self: Box<Self>, commit: &Result<(), Error>) {
        let outcome = match (commit, self.outcome) {
            (Err(error), _) => Err(error.clone()),
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::Failed("the job did not run".into())),
        };
        let _ = self.reply.send(outcome);
    }
}

fn run(
    engine: &Engine,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    state: &State,
    listeners: &broadcast::Sender<Arc<Change>>,
) {
    while let Some(first) = queue.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < QUEUE
            && let Ok(job) = queue.try_recv()
        {
            batch.push(job);
        }
        let begun = Instant::now();
        let commit = commit(engine, &mut batch, listeners.receiver_count() > 0);
        state.stats.record(batch.len(), begun.elapsed(), commit.is_ok());
        state.record(commit.is_ok());
        let commit = commit.map(|changes| tell(listeners, changes));
        for job in batch {
            job.answer(&commit);
        }
    }
}

fn tell(listeners: &broadcast::Sender<Arc<Change>>, changes: Vec<Change>) {
    for change in changes {
        // Nobody may be listening any more.
        let _ = listeners.send(Arc::new(change));
    }
}

/// One transaction for the whole batch, and what it changed if that is watched. After a failure the database is opened anew before anyone is answered,
/// so that reads go on and the next batch finds a database that accepts writes.
fn commit(engine: &Engine, batch: &mut [Box<dyn Job>], is_watched: bool) -> Result<Vec<Change>, Error> {
    engine.ensure_writable()?;
    let result = engine.write(|tables| {
        if is_watched {
            tables.watch();
        }
        batch.iter_mut().try_for_each(|job| job.run(tables))?;
        Ok(tables.take_changes())
    });
    if let Err(error) = &result {
        tracing::error!(%error, jobs = batch.len(), "a commit failed; reopening the database");
        if let Err(error) = engine.reopen() {
            tracing::error!(%error, "the database takes no writes yet");
        }
    }
    result
}
