//! Outcomes of commits that meet a planned fault: what was acknowledged is there, what was refused is not, and nothing is there
//! twice.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tokio::time::sleep;

use crate::support::users::new_user;
use crate::support::wire_proxy::{Fault, Plan};
use crate::support::wired_store::{
    ANSWER, LONG, Outcome, QUICK, SHORT, SILENT, STATEMENTS, WiredStore, rival,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_commit_that_meets_a_fault_is_done_once_and_told_so() {
    for fault in QUICK {
        let scene = WiredStore::new().await;
        assert_eq!(scene.insert(new_user(1)).await, Outcome::Stored);
        scene.proxy.plan(Plan::at_commit(fault));
        let (rival, conflict) = rival(3, 1);
        let outcomes = tokio::join!(scene.insert(new_user(2)), scene.insert(rival));
        assert_eq!(
            outcomes,
            (Outcome::Stored, Outcome::Refused(conflict)),
            "{fault:?}"
        );
        assert_eq!(scene.proxy.faults_left(), 0, "{fault:?}");
        assert_eq!(scene.insert(new_user(4)).await, Outcome::Stored);
        scene
            .assert_stored(&BTreeSet::from([1, 2, 4]), &BTreeSet::new())
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_commit_that_nothing_is_heard_of_is_told_so_in_time() {
    let scenes = SILENT.map(|fault| async move {
        let scene = WiredStore::new().await;
        assert_eq!(scene.insert(new_user(1)).await, Outcome::Stored);
        scene.proxy.plan(Plan::at_commit(fault));
        assert_eq!(
            scene.insert(new_user(2)).await,
            Outcome::Unavailable,
            "{fault:?}"
        );
        let is_stored = scene.stored().await.contains(&2);
        let has_reached_the_server =
            matches!(fault, Fault::BlackholeAnswer | Fault::DelayAnswer(_));
        assert_eq!(is_stored, has_reached_the_server, "{fault:?}");
        assert_eq!(
            scene.insert(new_user(3)).await,
            Outcome::Stored,
            "{fault:?}"
        );
        // A COMMIT that comes late finds no transaction any more.
        sleep(LONG.saturating_sub(ANSWER)).await;
        assert_eq!(scene.stored().await.contains(&2), is_stored, "{fault:?}");
        scene
            .assert_stored(&BTreeSet::from([1, 3]), &BTreeSet::from([2]))
            .await;
    });
    join_all(scenes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_fault_before_the_commit_leaves_nothing_behind_and_the_write_is_done_once() {
    let quick = QUICK
        .iter()
        .filter(|fault| !matches!(fault, Fault::Warning));
    for fault in quick {
        let scene = WiredStore::new().await;
        let mut acknowledged = BTreeSet::new();
        for (n, statement) in STATEMENTS.iter().enumerate() {
            scene.proxy.plan(Plan::at_statement(statement, *fault));
            assert_eq!(
                scene.insert(new_user(n)).await,
                Outcome::Stored,
                "{fault:?} at {statement}"
            );
            assert_eq!(scene.proxy.faults_left(), 0, "{fault:?} at {statement}");
            acknowledged.insert(n);
        }
        scene.assert_stored(&acknowledged, &BTreeSet::new()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_connection_that_falls_silent_before_the_commit_keeps_nobody_waiting() {
    let scenes = STATEMENTS.map(|statement| async move {
        let scene = WiredStore::new().await;
        scene
            .proxy
            .plan(Plan::at_statement(statement, Fault::Blackhole));
        assert_eq!(
            scene.insert(new_user(1)).await,
            Outcome::Unavailable,
            "{statement}"
        );
        // What the server's keepalives notice in a network that is parted.
        scene.proxy.cut_all();
        assert_eq!(
            scene.insert(new_user(2)).await,
            Outcome::Stored,
            "{statement}"
        );
        scene
            .assert_stored(&BTreeSet::from([2]), &BTreeSet::new())
            .await;
    });
    join_all(scenes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
async fn a_silent_heartbeat_or_network_delays_no_answer_and_ends() {
    let scene = WiredStore::new().await;
    scene.proxy.plan(Plan::at_statement(
        "INSERT INTO instances",
        Fault::Blackhole,
    ));
    let mut unknown = BTreeSet::new();
    let mut acknowledged = BTreeSet::new();
    for n in 0..30 {
        match n {
            10 => scene.proxy.blackhole_all(),
            14 => scene.proxy.heal(),
            _ => {}
        }
        match scene.insert(new_user(n)).await {
            Outcome::Stored => acknowledged.insert(n),
            Outcome::Unavailable => unknown.insert(n),
            Outcome::Refused(conflict) => panic!("{n} is refused: {conflict:?}"),
        };
        sleep(SHORT).await;
    }
    assert_eq!(scene.proxy.faults_left(), 0);
    assert!(acknowledged.contains(&29), "{unknown:?}");
    scene.assert_stored(&acknowledged, &unknown).await;
}
