//! Those who do not attack, each with an address of its own and a new connection for each request.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Target;
use super::client::connect;
use crate::load::{Requests, on_own_thread};
use crate::measured::Measured;
use crate::requests;
use crate::wire::{self, Connection};

const HEALTH_CLIENTS: u8 = 2;
const HEALTH_PAUSE: Duration = Duration::from_millis(5);
const WORKERS: u8 = 4;
const WORK_PAUSE: Duration = Duration::from_millis(50);
/// Who has no answer after so long has none.
const PATIENCE: Duration = Duration::from_secs(10);

/// What they do besides asking for health.
#[derive(Clone, Copy)]
pub enum Work {
    WechatLogin,
    PlatformLogin,
    Realtime,
}

/// Asking for so long.
#[derive(Clone)]
pub struct Others {
    pub target: Target,
    /// What they do besides asking for health: none of it twice, as that would be a repetition.
    pub work: Requests,
    pub time: Duration,
}

/// What they saw.
pub struct Seen {
    pub health: Answers,
    pub work: Answers,
}

/// Latencies of all requests, and how often each status was answered; 0 stands for no answer.
pub struct Answers {
    measured: Measured,
    statuses: BTreeMap<u16, u64>,
}

impl Work {
    pub fn name(self) -> &'static str {
        match self {
            Self::WechatLogin => "wechat/login",
            Self::PlatformLogin => "platform/login",
            Self::Realtime => "realtime, connecting",
        }
    }

    pub fn requests(self, users: u64) -> Requests {
        match self {
            Self::WechatLogin => requests::wechat_login(users),
            Self::PlatformLogin => requests::platform_login(users),
            Self::Realtime => requests::realtime(),
        }
    }
}

impl Others {
    /// Both on a thread of their own.
    pub async fn run(self) -> Seen {
        on_own_thread("others", async move {
            let health = self.ask(requests::health(), 2, HEALTH_CLIENTS, HEALTH_PAUSE);
            let work = self.ask(self.work.clone(), 2 + HEALTH_CLIENTS, WORKERS, WORK_PAUSE);
            let (health, work) = tokio::join!(health, work);
            Seen { health, work }
        })
        .await
    }

    /// So many clients from 127.0.0.`first` on.
    async fn ask(&self, requests: Requests, first: u8, clients: u8, pause: Duration) -> Answers {
        let (started, mut asking) = (Instant::now(), JoinSet::new());
        for n in 0..clients {
            let client = Client {
                from: Ipv4Addr::new(127, 0, 0, first + n),
                target: self.target.clone(),
                pause,
            };
            asking.spawn(client.run(requests.clone(), started + self.time));
        }
        let (mut latencies, mut statuses) = (Vec::new(), BTreeMap::new());
        for (latency, status) in asking.join_all().await.into_iter().flatten() {
            latencies.push(latency);
            *statuses.entry(status).or_default() += 1;
        }
        Answers {
            measured: Measured::new(started.elapsed(), latencies),
            statuses,
        }
    }
}

struct Client {
    from: Ipv4Addr,
    target: Target,
    pause: Duration,
}

impl Client {
    async fn run(self, requests: Requests, end: Instant) -> Vec<(Duration, u16)> {
        let (mut answers, mut request) = (Vec::new(), Vec::new());
        while Instant::now() < end {
            request.clear();
            requests(&mut request);
            let sent = Instant::now();
            let status = tokio::time::timeout(PATIENCE, self.exchange(&request)).await;
            answers.push((
                sent.elapsed(),
                status.map_or(0, |status| status.unwrap_or(0)),
            ));
            tokio::time::sleep(self.pause).await;
        }
        answers
    }

    async fn exchange(&self, request: &[u8]) -> io::Result<u16> {
        let mut connection = Connection::new(connect(self.from, self.target.address).await?)?;
        connection.send(request).await?;
        Ok(wire::status(connection.receive().await?.head))
    }
}

impl Answers {
    pub fn percentile(&self, percent: usize) -> f64 {
        self.measured.percentile(percent)
    }

    pub fn statuses(&self) -> &BTreeMap<u16, u64> {
        &self.statuses
    }
}
