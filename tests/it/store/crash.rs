//! kill -9 of the real binary under load, and its orderly stop under load.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use bai::store::{Location, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::binary::{Running, bai};
use crate::support::load_oracle::LoadOracle;

fn start(dir: &Path) -> Running {
    let mut command = bai(dir, &["serve"]);
    command.envs([
        ("BAI_LIMITS__ENABLED", "false"),
        ("BAI_PASSWORD__LOG_N", "1"),
        ("BAI_PASSWORD__P", "1"),
    ]);
    command.env("BAI_PASSWORD__QUEUE", "1000");
    Running::start(command)
}

/// Whether redb would repair the file at the next start: a bit of its header that is set while it is open
/// (`RECOVERY_REQUIRED` in the byte behind the nine bytes of its magic number).
fn needs_repair(dir: &Path) -> bool {
    std::fs::read(dir.join("bai.redb")).unwrap()[9] & 2 != 0
}

/// Lets `clients` work until a random number of requests are acknowledged, ends the server with `signal`, and verifies
/// what is in its file besides the `before` users that were there: how many are there now.
fn round(
    dir: &Path,
    clients: usize,
    signal: &str,
    seed: u64,
    first: usize,
    before: u64,
) -> (LoadOracle, u64) {
    let enough = StdRng::seed_from_u64(seed).random_range(1..300);
    let running = start(dir);
    let oracle = LoadOracle::new(&running.base, first);
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| oracle.work());
        }
        let started = Instant::now();
        while oracle.acknowledged.load(Ordering::SeqCst) < enough {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "the clients do not get on"
            );
            thread::sleep(Duration::from_millis(1));
        }
        running.signal(signal);
        oracle.stop();
    });
    let (success, log) = running.wait();
    assert_eq!(success, signal == "-TERM", "{log}");
    assert!(!log.contains("did not finish"), "{log}");
    assert_eq!(needs_repair(dir), signal == "-KILL", "seed {seed}");
    let store = Store::open(&Location::File(dir.join("bai.redb")), 1 << 20).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let users = before + runtime.block_on(oracle.verify(&store));
    assert_eq!(
        runtime.block_on(store.count_users()).unwrap(),
        users,
        "seed {seed}"
    );
    assert_eq!(
        store.file().unwrap().check().unwrap().users,
        users,
        "seed {seed}"
    );
    (oracle, users)
}

/// An empty database but for one user.
fn prepare(dir: &Path) {
    let running = start(dir);
    LoadOracle::prepare(&running.base);
    running.signal("-TERM");
    assert!(running.wait().0);
}

/// `BAI_CRASH_ROUNDS` sets how many kills.
#[test]
fn a_killed_server_loses_nothing_that_it_acknowledged() {
    let rounds: u64 = std::env::var("BAI_CRASH_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(3);
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let (mut first, mut users) = (0, 1);
    let mut outcomes = [0; 3];
    for seed in 0..rounds {
        let (oracle, now) = round(dir.path(), 200, "-KILL", seed, first, users);
        (first, users) = (oracle.end(), now);
        let running = start(dir.path());
        oracle.verify_logins(&running.base);
        running.signal("-TERM");
        assert!(running.wait().0);
        let counts = [&oracle.acknowledged, &oracle.refused, &oracle.unknown];
        outcomes
            .iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count.load(Ordering::SeqCst));
    }
    assert!(
        outcomes.iter().all(|count| *count > 0),
        "acknowledged, refused, unknown: {outcomes:?}"
    );
}

#[test]
fn a_stop_under_load_loses_nothing_and_leaves_nothing_to_repair() {
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path());
    let (mut first, mut users) = (0, 1);
    for seed in 0..3 {
        let (oracle, now) = round(dir.path(), 50, "-TERM", seed, first, users);
        (first, users) = (oracle.end(), now);
        assert_eq!(oracle.half_answers.load(Ordering::SeqCst), 0, "seed {seed}");
        assert!(oracle.acknowledged.load(Ordering::SeqCst) > 0);
    }
}
