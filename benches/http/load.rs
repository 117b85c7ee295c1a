//! A closed loop: each client sends its next request when it has the answer to the last one.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::measured::Measured;
use crate::wire::{self, Connection};

/// Writes the next request.
pub type Requests = Arc<dyn Fn(&mut Vec<u8>) + Send + Sync>;

/// Clients of one kind.
#[derive(Clone)]
pub struct Load {
    pub address: SocketAddr,
    pub requests: Requests,
    pub clients: usize,
    /// Between an answer and the next request.
    pub pause: Duration,
    pub time: Duration,
}

/// What came of it.
pub struct Outcome {
    pub measured: Measured,
    /// How often each status was answered; 0 stands for a broken connection.
    pub statuses: BTreeMap<u16, u64>,
    /// The body of one answer that was no success.
    failure: Option<String>,
}

impl Load {
    /// Runs on a thread of its own, so that nothing of this process delays it but for the cores that all share.
    /// Everything that was sent is waited for.
    pub async fn run(self) -> Outcome {
        on_own_thread("load", async move {
            let mut clients = JoinSet::new();
            let started = Instant::now();
            for _ in 0..self.clients {
                clients.spawn(self.clone().client(started + self.time));
            }
            let (mut latencies, mut statuses, mut failure) = (Vec::new(), BTreeMap::new(), None);
            for client in clients.join_all().await {
                latencies.extend(client.latencies);
                failure = failure.or(client.failure);
                for (status, count) in client.statuses {
                    *statuses.entry(status).or_default() += count;
                }
            }
            Outcome {
                measured: Measured::new(started.elapsed(), latencies),
                statuses,
                failure,
            }
        })
        .await
    }

    async fn client(self, end: Instant) -> Client {
        let mut client = Client::default();
        let (mut connection, mut request) = (None, Vec::new());
        while Instant::now() < end {
            request.clear();
            (self.requests)(&mut request);
            let sent = Instant::now();
            let status = client
                .exchange(&mut connection, self.address, &request)
                .await;
            client.latencies.push(sent.elapsed());
            *client
                .statuses
                .entry(*status.as_ref().unwrap_or(&0))
                .or_default() += 1;
            if status.is_err() {
                connection = None;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            if !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
        }
        client
    }
}

#[derive(Default)]
struct Client {
    latencies: Vec<Duration>,
    statuses: BTreeMap<u16, u64>,
    failure: Option<String>,
}

impl Client {
    async fn exchange(
        &mut self,
        connection: &mut Option<Connection>,
        address: SocketAddr,
        request: &[u8],
    ) -> io::Result<u16> {
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(Connection::connect(address).await?),
        };
        connection.send(request).await?;
        let answer = connection.receive().await?;
        let status = wire::status(answer.head);
        if status != 200 && self.failure.is_none() {
            self.failure = Some(String::from_utf8_lossy(answer.body).into_owned());
        }
        Ok(status)
    }
}

impl Outcome {
    /// The figures, if every request was answered by a success.
    pub fn all_ok(self, name: &str) -> Measured {
        let only_ok = self.statuses.keys().all(|status| *status == 200);
        assert!(
            only_ok,
            "{name}: statuses {:?}, e.g. {:?}",
            self.statuses, self.failure
        );
        self.measured
    }
}

/// Runs `work` on a thread with a runtime of its own.
pub async fn on_own_thread<T: Send + 'static>(
    name: &str,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    let (reply, answer) = oneshot::channel();
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        drop(reply.send(runtime.expect("a runtime").block_on(work)));
    };
    thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .expect("a thread");
    answer.await.expect("the thread ends well")
}
