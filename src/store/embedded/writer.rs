//! The one thread that writes. It takes every waiting job, runs them in one transaction, commits once,
//! and only then answers: many clients share the cost of one fsync.
//!
//! Two rules: a job checks before it writes, so a refused job leaves no trace in the shared transaction;
//! and a requester that has gone away does not stop its job.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot};

use super::engine::Engine;
use super::tables::Tables;
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
    jobs: Option<mpsc::Sender<Task>>,
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
        self.jobs.as_ref().ok_or_else(stopped)?.send(Task::Write(job)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Runs `work` on the thread that writes, between two transactions: meanwhile nothing is written. It is done even when this
    /// thread does not wait for it, which must be one that may wait.
    pub fn alone<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Engine) -> Result<T, Error> + Send + 'static,
    {
        let stopped = || Error::Failed("the writer has stopped".into());
        let (reply, answer) = oneshot::channel();
        let task = Task::Alone(Box::new(move |engine| drop(reply.send(work(engine)))));
        self.jobs.as_ref().ok_or_else(stopped)?.blocking_send(task).map_err(|_| stopped())?;
        answer.blocking_recv().map_err(|_| stopped())?
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
    started: Instant,
    failing: AtomicBool,
    last_commit_ms: AtomicU64,
}

impl State {
    fn new() -> Self {
        Self { started: Instant::now(), failing: AtomicBool::new(true), last_commit_ms: AtomicU64::new(0) }
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

/// What the thread is to do.
enum Task {
    /// Together with others, in one transaction.
    Write(Box<dyn Job>),
    /// Between transactions.
    Alone(AloneWork),
}

type AloneWork = Box<dyn FnOnce(&Engine) + Send>;

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
    mut queue: mpsc::Receiver<Task>,
    state: &State,
    listeners: &broadcast::Sender<Arc<Change>>,
) {
    while let Some(first) = queue.blocking_recv() {
        let (batch, alone) = gather(first, &mut queue);
        if !batch.is_empty() {
            write(engine, batch, state, listeners);
        }
        if let Some(work) = alone {
            // A panic drops the reply, which tells the requester; the thread goes on.
            let _ = catch_unwind(AssertUnwindSafe(|| work(engine)));
        }
    }
}

/// Every write that waits, up to what has to be done alone.
fn gather(first: Task, queue: &mut mpsc::Receiver<Task>) -> (Vec<Box<dyn Job>>, Option<AloneWork>) {
    let (mut batch, mut next) = (Vec::new(), Some(first));
    while let Some(task) = next {
        match task {
            Task::Write(job) => batch.push(job),
            Task::Alone(work) => return (batch, Some(work)),
        }
        next = if batch.len() < QUEUE { queue.try_recv().ok() } else { None };
    }
    (batch, None)
}

fn write(
    engine: &Engine,
    mut batch: Vec<Box<dyn Job>>,
    state: &State,
    listeners: &broadcast::Sender<Arc<Change>>,
) {
    let commit = commit(engine, &mut batch, listeners.receiver_count() > 0);
    state.record(commit.is_ok());
    let commit = commit.map(|changes| tell(listeners, changes));
    for job in batch {
        job.answer(&commit);
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
