//! Work that takes a core for some milliseconds: little of it at once, on threads that let others go first.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::priority;

/// Jobs that go on at once.
const AT_ONCE: usize = 2;
/// Jobs that wait.
const WAITING: usize = 32;

/// Looks for room in memory, and the pause after each.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// A place for work.
pub struct Bench {
    name: &'static str,
    places: Semaphore,
    turns: Arc<Semaphore>,
}

/// Reason why a job was not done.
#[derive(Debug)]
pub enum NotDone {
    /// As many wait as may, or there is no memory for it.
    Full,
    /// It panicked, or there was no thread for it.
    Failed(io::Error),
}

impl Bench {
    /// A free one, whose threads have that name.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            places: Semaphore::new(AT_ONCE + WAITING),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Does a job when it is its turn, if there is room in memory then. One that has begun goes on when nobody wants it any more, and so keeps its turn.
    pub async fn run<T: Send + 'static, R: Send + 'static>(
        &self,
        room: impl Fn() -> Option<R>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let _place = self.places.try_acquire().map_err(|_| NotDone::Full)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|closed| NotDone::Failed(io::Error::other(closed)))?;
        let place_in_memory = in_time(room).await.ok_or(NotDone::Full)?;
        let job_in_turn = move || {
            let done = job();
            drop((place_in_memory, turn));
            done
        };
        let done = priority::below_all(self.name, job_in_turn).await;
        done.map_err(NotDone::Failed)
    }
}

/// Room in memory as soon as there is: a job of the same source gives its own back in a moment.
async fn in_time<R>(room: impl Fn() -> Option<R>) -> Option<R> {
    for _ in 0..LOOKS {
        match room() {
            None => tokio::time::sleep(PAUSE).await,
            found => return found,
        }
    }
    room()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn two_jobs_go_on_at_once_some_wait_and_the_next_is_refused() {
        let bench = Arc::new(Bench::new("test"));
        let (starting, started) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let jobs: Vec<_> = (0..AT_ONCE + WAITING)
            .map(|_| {
                let (bench, starting, wait) =
                    (Arc::clone(&bench), starting.clone(), Arc::clone(&wait));
                tokio::spawn(async move {
                    let job = move || {
                        starting.send(()).unwrap();
                        wait.lock().unwrap().recv().unwrap();
                    };
                    bench.run(|| Some(()), job).await.is_ok()
                })
            })
            .collect();
        while bench.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(
            bench.run(|| Some(()), || ()).await,
            Err(NotDone::Full)
        ));
        tokio::task::spawn_blocking(move || {
            for _ in 0..AT_ONCE {
                started.recv().unwrap();
            }
            assert!(started.try_recv().is_err(), "no third at once");
            for _ in 0..AT_ONCE + WAITING {
                go.send(()).unwrap();
            }
            for _ in 0..WAITING {
                started.recv().unwrap();
            }
        })
        .await
        .unwrap();
        for job in jobs {
            assert!(job.await.unwrap());
        }
        assert!(bench.run(|| Some(()), || ()).await.is_ok());
        let without_room = bench.run(|| None::<()>, || ()).await;
        assert!(matches!(without_room, Err(NotDone::Full)));
    }
}
