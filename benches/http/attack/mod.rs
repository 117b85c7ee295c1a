//! What others notice of one source that attacks, and what the attack costs the server's memory.
//!
//! The server has its default configuration, and what the service sets: limits on, a stub as WeChat, two arenas of memory. The attack comes from 127.0.0.1, the others from other
//! addresses of the loopback. Each row has a server of its own.

mod bodies;
mod client;
mod connections;
mod floods;
mod others;
mod takers;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use rustix::process::setpriority_process;
use rustix::thread::gettid;

use crate::Setup;
use crate::figures::{head, median, row};
use crate::load::on_own_thread;
use crate::process::{Bai, Process};

use self::others::{Others, Seen, Work};

/// The attack begins so long before the others are measured, and ends as long after.
const MARGIN: Duration = Duration::from_secs(1);
/// Memory is looked at again so long after the attack.
const AFTERWARDS: Duration = Duration::from_secs(5);
/// A server is left alone so long after its start.
const SETTLE: Duration = Duration::from_secs(1);
/// Of the thread that attacks: an attacker has cores of its own.
const NICENESS: i32 = 10;

/// What an attack needs to know.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    /// Users in the file.
    pub users: u64,
}

/// Goes on until it is dropped.
type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Attack {
    name: &'static str,
    /// What others do beside it, besides asking for health.
    work: Work,
    /// How long WeChat takes for an answer.
    wechat: Duration,
    run: fn(Target) -> Running,
}

/// Figures of one round.
struct Round {
    idle: Seen,
    beside: Seen,
    peak: f64,
    after: f64,
}

fn attack(name: &'static str, work: Work, run: fn(Target) -> Running) -> Attack {
    Attack {
        name,
        work,
        wechat: Duration::ZERO,
        run,
    }
}

fn attacks() -> Vec<Attack> {
    vec![
        attack(
            "HTTP/2 bodies without end, 180 x 64 x 63 KiB",
            Work::WechatLogin,
            |target| Box::pin(bodies::http2(target, 0)),
        ),
        attack(
            "HTTP/2 headers of 15 KiB and bodies without end, 180 x 64",
            Work::WechatLogin,
            |target| Box::pin(bodies::http2(target, 15 * 1024)),
        ),
        attack(
            "HTTP/1 bodies without end, 1,500 x 63 KiB",
            Work::WechatLogin,
            |target| Box::pin(bodies::http1(target)),
        ),
        attack(
            "HTTP/1 headers without end, 1,000 x 15 KiB",
            Work::WechatLogin,
            |target| Box::pin(bodies::headers(target)),
        ),
        attack(
            "HTTP/2 answers that are not taken, 1,000 x 64",
            Work::WechatLogin,
            |target| Box::pin(takers::http2(target)),
        ),
        attack(
            "HTTP/1 answers that are not taken, 1,000 x 5",
            Work::WechatLogin,
            |target| Box::pin(takers::http1(target)),
        ),
        attack("realtime over HTTP/2, 33 x 64", Work::Realtime, |target| {
            Box::pin(takers::realtime_http2(target))
        }),
        attack("realtime over HTTP/1, 1,000", Work::Realtime, |target| {
            Box::pin(connections::realtime(target))
        }),
        attack(
            "connections that say nothing, 4,096",
            Work::WechatLogin,
            |target| Box::pin(connections::silent(target)),
        ),
        attack(
            "registrations that hang up after 45 ms, 120",
            Work::PlatformLogin,
            |target| Box::pin(floods::registrations(target)),
        ),
        attack("wrong passwords, 120", Work::PlatformLogin, |target| {
            Box::pin(floods::wrong_logins(target))
        }),
        Attack {
            name: "junk WeChat codes, 400, at 300 ms for each",
            work: Work::WechatLogin,
            wechat: Duration::from_millis(300),
            run: |target| Box::pin(floods::junk_codes(target)),
        },
        attack(
            "a user's filter that compares 2 KB 120 times, 2/s",
            Work::WechatLogin,
            |target| Box::pin(floods::filters(target)),
        ),
    ]
}

/// Prints a row for each attack, or for those that are named.
pub async fn print(setup: &Setup, names: &[String]) {
    client::allow_open_files();
    let file = setup.file(setup.count).await;
    head([
        "attack",
        "health p50, idle / beside",
        "health p99, idle / beside",
        "ratio",
        "others' work",
        "p99, idle / beside",
        "answers of health",
        "answers of the work",
        "RSS MiB, before / peak / 5 s after",
    ]);
    for attack in attacks() {
        if names.is_empty() || names.iter().any(|name| attack.name.contains(name.as_str())) {
            measure(setup, &file, &attack).await;
        }
    }
}

async fn measure(setup: &Setup, file: &Path, attack: &Attack) {
    let server = Bai::start_with_limits(setup, file);
    let target = Target {
        address: server.address,
        users: setup.count,
    };
    tokio::time::sleep(SETTLE).await;
    setup.stub.slow_down(attack.wechat);
    let process = server.process();
    let mut rounds = Vec::new();
    let others = Others {
        target,
        work: attack.work.requests(setup.count),
        time: setup.time,
    };
    // The first round would have the first request of its kind, too.
    Others {
        time: SETTLE,
        ..others.clone()
    }
    .run()
    .await;
    let before = process.resident();
    for _ in 0..setup.rounds {
        rounds.push(round(attack, &others, &process).await);
    }
    setup.stub.slow_down(Duration::ZERO);
    print_row(attack, before, &rounds);
}

async fn round(attack: &Attack, others: &Others, process: &Process) -> Round {
    let idle = others.clone().run().await;
    process.forget_peak();
    let (running, time) = (
        (attack.run)(others.target.clone()),
        others.time + 2 * MARGIN,
    );
    let attacking = on_own_thread("attack", async move {
        let _ = setpriority_process(Some(gettid()), NICENESS);
        let _ = tokio::time::timeout(time, running).await;
    });
    let watching = async {
        tokio::time::sleep(MARGIN).await;
        others.clone().run().await
    };
    let ((), beside) = tokio::join!(attacking, watching);
    let peak = process.peak();
    tokio::time::sleep(AFTERWARDS).await;
    Round {
        idle,
        beside,
        peak,
        after: process.resident(),
    }
}

fn print_row(attack: &Attack, before: f64, rounds: &[Round]) {
    let of = |figure: &dyn Fn(&Round) -> f64| median(rounds.iter().map(figure));
    let both = |figure: &dyn Fn(&Seen) -> f64| {
        let (idle, beside) = (
            of(&|round| figure(&round.idle)),
            of(&|round| figure(&round.beside)),
        );
        format!("{idle:.2} / {beside:.2} ms")
    };
    let ratio = of(&|round| round.beside.health.percentile(99) / round.idle.health.percentile(99));
    row([
        attack.name.to_owned(),
        both(&|seen| seen.health.percentile(50)),
        both(&|seen| seen.health.percentile(99)),
        format!("{ratio:.1}"),
        attack.work.name().to_owned(),
        both(&|seen| seen.work.percentile(99)),
        statuses(rounds.iter().map(|round| round.beside.health.statuses())),
        statuses(rounds.iter().map(|round| round.beside.work.statuses())),
        format!(
            "{before:.0} / {:.0} / {:.0}",
            rounds.iter().map(|round| round.peak).fold(0.0, f64::max),
            of(&|round| round.after)
        ),
    ]);
}

fn statuses<'a>(rounds: impl Iterator<Item = &'a BTreeMap<u16, u64>>) -> String {
    let mut all = BTreeMap::<u16, u64>::new();
    for (status, count) in rounds.flatten() {
        *all.entry(*status).or_default() += count;
    }
    all.iter()
        .map(|(status, count)| format!("{count} x {status}"))
        .collect::<Vec<_>>()
        .join(", ")
}
