//! Outcomes of commits of many writers while faults happen: each is told what is so, or that it is not known.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::support::users::new_user;
use crate::support::wire_proxy::{Fault, Plan};
use crate::support::wired_store::{Outcome, QUICK, SILENT, STATEMENTS, WiredStore, rival};

/// Answers that sixteen writers got.
#[derive(Default)]
struct Told {
    acknowledged: BTreeSet<usize>,
    unknown: BTreeSet<usize>,
}

/// Numbers from a seed.
struct Numbers(u64);

impl Numbers {
    /// A number below `end` (by the generator "splitmix64").
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from(mixed ^ (mixed >> 31)).unwrap() % end
    }

    fn plan(&mut self, faults: &[Fault]) -> Plan {
        let fault = faults[self.below(faults.len())];
        match self.below(3) {
            0 => Plan::at_statement(STATEMENTS[self.below(STATEMENTS.len())], fault),
            _ => Plan::at_commit(fault),
        }
    }
}

/// Sixteen writers while `faults` faults happen one after the other; what the writers were told.
async fn under_faults(scene: &WiredStore, seed: u64, kinds: &[Fault], faults: usize) -> Told {
    let (stop, stopped) = watch::channel(());
    let writers = join_all((0..16).map(|writer| write(scene, writer, stopped.clone())));
    let planner = async {
        let mut numbers = Numbers(seed);
        for _ in 0..faults {
            scene.proxy.plan(numbers.plan(kinds));
            let happens = async {
                while scene.proxy.faults_left() > 0 {
                    sleep(Duration::from_millis(2)).await;
                }
            };
            timeout(Duration::from_secs(10), happens).await.unwrap();
            sleep(Duration::from_millis(numbers.below(60) as u64)).await;
        }
        drop(stop);
    };
    let (told, ()) = tokio::join!(writers, planner);
    told.into_iter().fold(Told::default(), |mut all, told| {
        all.acknowledged.extend(told.acknowledged);
        all.unknown.extend(told.unknown);
        all
    })
}

/// Writes users until it is told to stop; every fourth has what an acknowledged one has.
async fn write(scene: &WiredStore, writer: usize, stopped: watch::Receiver<()>) -> Told {
    let mut told = Told::default();
    for round in 0.. {
        if stopped.has_changed().is_err() {
            break;
        }
        let n = round * 16 + writer;
        let taken = told.acknowledged.last().copied();
        if let Some(taken) = taken.filter(|_| round % 4 == 3) {
            let (rival, conflict) = rival(n, taken);
            let outcome = scene.insert(rival).await;
            let is_refused = outcome == Outcome::Refused(conflict);
            assert!(is_refused || outcome == Outcome::Unavailable, "{outcome:?}");
            continue;
        }
        match scene.insert(new_user(n)).await {
            Outcome::Stored => told.acknowledged.insert(n),
            Outcome::Unavailable => told.unknown.insert(n),
            Outcome::Refused(conflict) => panic!("{n} is refused: {conflict:?}"),
        };
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn of_sixteen_writers_under_faults_each_is_told_what_is_so() {
    let scene = WiredStore::new().await;
    let told = under_faults(&scene, 19, &QUICK, 40).await;
    assert_eq!(told.unknown, BTreeSet::new());
    scene.assert_stored(&told.acknowledged, &told.unknown).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn of_sixteen_writers_with_connections_that_fall_silent_none_is_told_what_is_not_so() {
    let scene = WiredStore::new().await;
    let kinds = [&QUICK[..], &SILENT[..]].concat();
    let told = under_faults(&scene, 2026, &kinds, 20).await;
    assert!(!told.unknown.is_empty());
    scene.assert_stored(&told.acknowledged, &told.unknown).await;
}
