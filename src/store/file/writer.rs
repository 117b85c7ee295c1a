//! The one thread that writes. It takes every waiting job, runs them in one transaction, commits once,
//! and only then answers: many clients share the cost of one fsync.
//!
//! A job checks before it writes, so what it refuses leaves no trace in the shared transaction. One that meets an error takes
//! back the transaction, which is begun anew without it; so a job may run more than once. A requester that has gone away does
//! not stop its job.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot};

use super::batch::{Batch, Job, UnconfirmedCommit};
use super::engine::Engine;
use super::tables::Tables;
use super::unwind::catch_panic;
use crate::metrics::Metrics;
use crate::store::commit_stats::CommitStats;
use crate::store::{Change, Error};

/// Jobs that may wait; further requesters wait for a place.
const QUEUE: usize = 1024;
/// Changes that are kept for those who listen and are slow: more than one commit has, as the memory that requests may have by
/// default is enough for some thousand changes in batches.
const CHANGES: usize = 16 * 1024;
/// A commit this recent proves that writing works.
const PROOF_AGE: Duration = Duration::from_secs(5);
/// A write that takes longer than this counts as failing.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// The least and the most bytes of a probe after a write has failed: it has to need as much room as a user's write does.
const PROBE_LEAST: u64 = 64 << 10;
const PROBE_MOST: u64 = 4 << 20;

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
        let worker = Worker {
            engine,
            state: Arc::clone(&state),
            changes: changes.clone(),
            unconfirmed: None,
        };
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || worker.run(queue));
        let thread =
            thread.map_err(|e| Error::Failed(format!("starting the writer thread: {e}")))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            state,
            changes,
        })
    }

    /// Runs `work` in the next transaction; the answer comes after its commit.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut Tables<'_>) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write {
            work,
            outcome: None,
            reply,
        });
        self.jobs
            .as_ref()
            .ok_or_else(stopped)?
            .send(Task::Write(job))
            .await
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Registers the metrics of commits.
    pub fn register_metrics(&self, metrics: &Metrics) {
        self.state.stats.register(metrics);
    }

    /// Jobs that wait for the next transaction.
    pub fn waiting(&self) -> usize {
        self.jobs
            .as_ref()
            .map_or(0, |jobs| jobs.max_capacity() - jobs.capacity())
    }

    /// Runs `work` on the thread that writes, between two transactions: meanwhile nothing is written. It is done even when this
    /// thread does not wait for it, which must be one that may wait.
    pub fn exclusive<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Engine) -> Result<T, Error> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Task::Exclusive(Box::new(move |engine| drop(reply.send(work(engine)))));
        self.jobs
            .as_ref()
            .ok_or_else(stopped)?
            .blocking_send(task)
            .map_err(|_| stopped())?;
        answer.blocking_recv().map_err(|_| stopped())?
    }

    /// Changes that are committed from now on.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// Tells whether a write would succeed: known from a recent commit, else found out by one. After a failure it needs as much room
    /// as what failed, of which `free` is left on the disk: what is small may fit where users' writes do not.
    pub async fn is_working(&self, free: Option<u64>) -> bool {
        if self.state.is_proven() {
            return true;
        }
        let needed = self.state.needed();
        if free.is_some_and(|free| free < needed) {
            return false;
        }
        let bytes = usize::try_from(needed).unwrap_or(usize::MAX);
        let probe = self.write(move |tables: &mut Tables<'_>| tables.mark_probe(bytes));
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

fn stopped() -> Error {
    Error::Failed("the writer has stopped".into())
}

/// State of the writer that others read.
struct State {
    stats: CommitStats,
    started: Instant,
    /// Milliseconds from the start, and one more; 0: the last one failed, or there was none.
    last_commit: AtomicU64,
    /// Bytes that the last one needed, if it failed.
    needed: AtomicU64,
}

impl State {
    fn new() -> Self {
        Self {
            stats: CommitStats::new(),
            started: Instant::now(),
            last_commit: AtomicU64::new(0),
            needed: AtomicU64::new(0),
        }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn succeeded(&self) {
        self.needed.store(0, Ordering::Release);
        self.last_commit
            .store(self.elapsed_ms() + 1, Ordering::Release);
    }

    fn failed(&self, bytes: u64) {
        self.needed
            .store(bytes.clamp(PROBE_LEAST, PROBE_MOST), Ordering::Release);
        self.last_commit.store(0, Ordering::Release);
    }

    fn needed(&self) -> u64 {
        self.needed.load(Ordering::Acquire)
    }

    fn is_proven(&self) -> bool {
        let last = self.last_commit.load(Ordering::Acquire);
        last > 0 && u128::from((self.elapsed_ms() + 1).saturating_sub(last)) < PROOF_AGE.as_millis()
    }
}

/// Work for the thread.
enum Task {
    /// Together with others, in one transaction.
    Write(Box<dyn Job>),
    /// Between transactions.
    Exclusive(ExclusiveWork),
}

type ExclusiveWork = Box<dyn FnOnce(&Engine) + Send>;

struct Write<T, F> {
    work: F,
    outcome: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: FnMut(&mut Tables<'_>) -> Result<T, Error> + Send,
{
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Error> {
        let outcome = catch_panic(|| (self.work)(tables));
        let verdict = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
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

/// The state of the thread.
struct Worker {
    engine: Arc<Engine>,
    state: Arc<State>,
    changes: broadcast::Sender<Arc<Change>>,
    unconfirmed: Option<UnconfirmedCommit>,
}

impl Worker {
    fn run(mut self, mut queue: mpsc::Receiver<Task>) {
        while let Some(first) = queue.blocking_recv() {
            let (jobs, exclusive) = gather(first, &mut queue);
            if !jobs.is_empty() {
                self.write(Batch::new(jobs));
            }
            if let Some(work) = exclusive {
                // A panic drops the reply, which tells the requester; the thread goes on.
                let _ = catch_unwind(AssertUnwindSafe(|| work(&self.engine)));
            }
        }
    }

    fn write(&mut self, mut batch: Batch) {
        self.resolve_unconfirmed();
        let begun = Instant::now();
        let jobs = batch.len();
        let written = self.engine.written_bytes();
        let committed = batch.commit(&self.engine, &mut self.unconfirmed);
        self.state
            .stats
            .record(jobs, begun.elapsed(), committed.is_ok());
        match &committed {
            Ok(committed) if committed.is_proof => self.state.succeeded(),
            Ok(_) => {}
            Err(_) => self
                .state
                .failed(self.engine.written_bytes().saturating_sub(written)),
        }
        let outcome = committed.map(|committed| self.publish(committed.changes));
        batch.answer(&outcome);
    }

    /// Tells of a commit of which nobody knew whether it is there.
    fn resolve_unconfirmed(&mut self) {
        if self.unconfirmed.is_some() && self.engine.ensure_writable().is_ok() {
            let changes = self
                .unconfirmed
                .take()
                .map(|commit| commit.resolve(&self.engine));
            self.publish(changes.unwrap_or_default());
        }
    }

    fn publish(&self, changes: Vec<Change>) {
        for change in changes {
            // Nobody may be listening.
            let _ = self.changes.send(Arc::new(change));
        }
    }
}

/// Every write that waits, up to work that has to be exclusive.
fn gather(
    first: Task,
    queue: &mut mpsc::Receiver<Task>,
) -> (Vec<Box<dyn Job>>, Option<ExclusiveWork>) {
    let mut batch = Vec::new();
    let mut next = Some(first);
    while let Some(task) = next {
        match task {
            Task::Write(job) => batch.push(job),
            Task::Exclusive(work) => return (batch, Some(work)),
        }
        next = if batch.len() < QUEUE {
            queue.try_recv().ok()
        } else {
            None
        };
    }
    (batch, None)
}
