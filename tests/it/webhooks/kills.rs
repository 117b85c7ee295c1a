//! kill -9 of the real binary between a change and its message: none is lost, each arrives, doubles have the same id.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::app::{Call, registration};
use crate::support::binary::{Running, bai};
use crate::support::canary::PASSWORD;
use crate::support::webhook_receiver::{Receiver, Reply, Told, wait_until};

fn start(folder: &Path, receiver: &Receiver) -> Running {
    let mut command = bai(folder, &["serve"]);
    command.envs([
        ("BAI_LIMITS__ENABLED", "false"),
        ("BAI_PASSWORD__LOG_N", "1"),
        ("BAI_PASSWORD__P", "1"),
        ("BAI_PASSWORD__QUEUE", "1000"),
        ("BAI_WEBHOOKS", &receiver.setting()),
    ]);
    Running::start(command)
}

fn kill(running: Running) {
    running.signal("-KILL");
    assert!(!running.wait().0);
}

/// Registers a user; the record id if that was acknowledged.
fn register(base: &str, n: usize) -> Option<String> {
    let body = registration(&format!("138{n:08}"), PASSWORD);
    let call = Call::new("POST", base, "/api/platform/register").json(&body);
    let answer = call.try_send().ok().filter(|answer| answer.status == 200)?;
    Some(answer.json()["record"]["id"].as_str().unwrap().to_owned())
}

/// Asserts that each user has one message, however often it arrived.
fn assert_one_id_each(told: &[Told]) {
    let mut ids: HashMap<&str, HashSet<&str>> = HashMap::new();
    for told in told {
        ids.entry(&told.user).or_default().insert(&told.id);
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
}

#[test]
fn what_was_acknowledged_before_a_kill_is_told_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut closed = Receiver::start();
    closed.close();
    let running = start(folder.path(), &closed);
    let users: Vec<_> = (0..20).filter_map(|n| register(&running.base, n)).collect();
    assert_eq!(users.len(), 20);
    kill(running);
    let open = Receiver::start_at(closed.address);
    let running = start(folder.path(), &open);
    let told = open.wait_for_taken(20);
    let known: HashSet<_> = told.iter().map(|told| told.user.clone()).collect();
    assert_eq!(known, users.into_iter().collect());
    kill(running);
}

#[test]
fn a_kill_between_delivery_and_removal_tells_again_under_the_same_id() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start();
    let running = start(folder.path(), &receiver);
    let process = running.child.id().to_string();
    // The message has arrived, and the server never hears of it.
    receiver.answer(move |_| {
        let killed = Command::new("kill").args(["-KILL", &process]).status();
        assert!(killed.unwrap().success());
        Reply::Status(200)
    });
    let user = register(&running.base, 0);
    receiver.wait_for(1);
    assert!(!running.wait().0);
    receiver.answer(|_| Reply::Status(200));
    let running = start(folder.path(), &receiver);
    let told = receiver.wait_for(2);
    assert_one_id_each(&told);
    assert_eq!(told[0].user, told[1].user);
    // The answer to the registration may have been lost with the server.
    assert!(user.is_none_or(|user| user == told[0].user));
    kill(running);
}

/// `BAI_CRASH_ROUNDS` sets how many kills.
#[test]
fn kills_under_load_lose_no_message_of_what_was_acknowledged() {
    let rounds: usize = std::env::var("BAI_CRASH_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(3);
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::answering(|told| {
        match told.id.as_bytes().last().is_some_and(|byte| byte % 5 == 0) {
            // A fifth takes long, so that kills find calls on their way.
            true => {
                thread::sleep(Duration::from_millis(30));
                Reply::Status(200)
            }
            false => Reply::Status(200),
        }
    });
    let acknowledged = Mutex::new(HashSet::new());
    let next = AtomicUsize::new(0);
    for round in 1..=rounds {
        let running = start(folder.path(), &receiver);
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        let user = register(&running.base, next.fetch_add(1, Ordering::SeqCst));
                        acknowledged.lock().unwrap().extend(user);
                    }
                });
            }
            wait_until("some are told", || receiver.told().len() > 40 * round);
            running.signal("-KILL");
            is_over.store(true, Ordering::SeqCst);
        });
        assert!(!running.wait().0);
    }
    let running = start(folder.path(), &receiver);
    let acknowledged = acknowledged.into_inner().unwrap();
    let is_told = || {
        let told: HashSet<_> = receiver.taken().into_iter().map(|told| told.user).collect();
        acknowledged.is_subset(&told)
    };
    wait_until("all that was acknowledged is told", is_told);
    assert_one_id_each(&receiver.told());
    assert!(acknowledged.len() > 20, "{}", json!(acknowledged.len()));
    running.signal("-TERM");
    assert!(running.wait().0);
}
