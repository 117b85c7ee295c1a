//! Threads for work that fills a core: as many as there are cores, behind a bounded queue in which sources take turns.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::error::Error;
use super::stats::Stats;
use crate::fair::{Asker, Bounds, Full, Turn, Turns};
use crate::priority;

/// Time that a task waits for a place in the queue.
const PATIENCE: Duration = Duration::from_millis(250);

type Job = Box<dyn FnOnce() + Send>;

/// The threads end when the pool is dropped.
pub struct Pool {
    /// There is a place in `turns` for each job, so that none of them waits for long.
    jobs: Sender<Job>,
    turns: Turns<Asker>,
    pub stats: Arc<Stats>,
}

impl Pool {
    /// So many threads, and so many tasks that may wait for one.
    pub fn new(threads: usize, queue: Bounds) -> Result<Self, Error> {
        let (jobs, waiting) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for n in 0..threads {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name(format!("password-{n}"))
                .spawn(move || work(&waiting))
                .map_err(|e| Error::Failed(format!("starting a thread: {e}")))?;
        }
        // A source may use all threads while nobody else needs one.
        let turns = Turns::new(
            Bounds {
                all: threads,
                each: threads,
            },
            queue,
        );
        Ok(Self {
            jobs,
            turns,
            stats: Arc::new(Stats::new(queue.all)),
        })
    }

    /// Runs `task` when it is the turn of `asker`; refuses when the queue stays full for a moment.
    /// A task whose requester has gone away is skipped.
    pub async fn run<T: Send + 'static>(
        &self,
        asker: Asker,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let stats = Arc::clone(&self.stats);
        let waiting = stats.wait();
        let turn = self.turn(asker).await?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move || {
            let _turn = turn;
            if !reply.is_closed() {
                let running = stats.run(waiting);
                let result = task();
                drop(running);
                let _ = reply.send(result);
            }
        });
        self.jobs
            .send(job)
            .map_err(|_| Error::Failed("the password threads have ended".into()))?;
        answer
            .await
            .map_err(|_| Error::Failed("a password thread failed".into()))
    }

    /// Clients that come again as soon as they are refused would fill the cores with refusals; so each takes a moment.
    async fn turn(&self, asker: Asker) -> Result<Turn<Asker>, Error> {
        if let Ok(turn) = self.turns.take(asker).await {
            return Ok(turn);
        }
        tokio::time::sleep(PATIENCE).await;
        self.turns.take(asker).await.map_err(|Full| {
            self.stats.refuse();
            Error::Busy
        })
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    // A hash fills a core for a tenth of a second, another request needs microseconds.
    priority::lower();
    loop {
        let next = waiting.lock().recv();
        let Ok(job) = next else { return };
        // A panic drops the job's reply, which tells its requester; the thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_an_abandoned_task_is_skipped() {
        let pool = Pool::new(1, Bounds { all: 1, each: 1 }).unwrap();
        let (started, is_started) = oneshot::channel();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let first = pool.run(None, move || {
            started.send(()).unwrap();
            held.recv().unwrap();
        });
        let run = async {
            is_started.await.unwrap();
            let (ran, did_run) = std::sync::mpsc::channel();
            let mut second = Box::pin(pool.run(None, move || ran.send(()).unwrap()));
            assert!(futures_poll(&mut second).await);
            assert!(matches!(pool.run(None, || ()).await, Err(Error::Busy)));
            drop(second);
            release.send(()).unwrap();
            did_run
        };
        let (first, did_run) = tokio::join!(first, run);
        first.unwrap();
        // The abandoned task leaves the queue when the thread comes to it.
        while pool.run(None, || ()).await.is_err() {
            tokio::task::yield_now().await;
        }
        assert!(did_run.try_recv().is_err());
    }

    /// Polls once; true when the future is still waiting.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_pending())
        })
        .await
    }
}
