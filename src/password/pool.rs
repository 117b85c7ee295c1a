//! Threads for work that fills a core: as many as there are cores, behind a bounded queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Error;
use crate::priority;

/// How long a task waits for a place in the queue.
const PATIENCE: Duration = Duration::from_millis(250);

type Job = Box<dyn FnOnce() + Send>;

/// The threads end when the pool is dropped.
pub struct Pool {
    jobs: SyncSender<Job>,
}

impl Pool {
    pub fn new(threads: usize, queue: usize) -> Result<Self, Error> {
        let (jobs, waiting) = sync_channel(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for n in 0..threads {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name(format!("password-{n}"))
                .spawn(move || work(&waiting))
                .map_err(|e| Error::Failed(format!("starting a thread: {e}")))?;
        }
        Ok(Self { jobs })
    }

    /// Runs `task` when a thread is free; refuses when the queue stays full for a moment.
    /// A task whose requester has gone away is skipped.
    pub async fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move || {
            if !reply.is_closed() {
                let _ = reply.send(task());
            }
        });
        self.enqueue(job).await?;
        answer.await.map_err(|_| Error::Failed("a password thread failed".into()))
    }

    /// Clients that come again as soon as they are refused would fill the cores with refusals; so each takes a moment.
    async fn enqueue(&self, job: Job) -> Result<(), Error> {
        let Err(TrySendError::Full(job)) = self.jobs.try_send(job) else { return Ok(()) };
        tokio::time::sleep(PATIENCE).await;
        self.jobs.try_send(job).map_err(|_| Error::Busy)
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    // A hash fills a core for a tenth of a second, another request needs microseconds.
    priority::lower();
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
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
        let pool = Pool::new(1, 1).unwrap();
        let (started, is_started) = oneshot::channel();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let first = pool.run(move || {
            started.send(()).unwrap();
            held.recv().unwrap();
        });
        let run = async {
            is_started.await.unwrap();
            let (ran, did_run) = std::sync::mpsc::channel();
            let mut second = Box::pin(pool.run(move || ran.send(()).unwrap()));
            assert!(futures_poll(&mut second).await);
            assert!(matches!(pool.run(|| ()).await, Err(Error::Busy)));
            drop(second);
            release.send(()).unwrap();
            did_run
        };
        let (first, did_run) = tokio::join!(first, run);
        first.unwrap();
        // The abandoned task leaves the queue when the thread comes to it.
        while pool.run(|| ()).await.is_err() {
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
