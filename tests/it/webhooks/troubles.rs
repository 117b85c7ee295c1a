//! Receivers that fail, hang, refuse, are closed and come back: nothing is lost, and nothing else waits for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bai::config::Config;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::USERS;
use crate::support::superuser::Root;
use crate::support::webhook_receiver::{Receiver, Reply, Told, wait_until};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn with(receiver: &Receiver) -> impl FnOnce(&mut Config) + use<> {
    let webhook = receiver.webhook();
    |config| {
        config.webhooks = vec![webhook];
        // Days pass.
        config.token.superuser_lifetime = 100 * DAY;
    }
}

fn root(receiver: &Receiver) -> Root {
    Root::of(TestApp::spawn_with(with(receiver)))
}

/// The state of the webhook, as a superuser sees it.
fn state(root: &Root) -> Value {
    root.get("/api/webhooks").ok()["items"][0].clone()
}

/// Lets time pass, in steps that the delivery sees, until it is so.
fn pass(root: &Root, step: Duration, what: &str, is_so: impl Fn() -> bool) {
    wait_until(what, || {
        root.app.clock.advance(step);
        std::thread::sleep(Duration::from_millis(250));
        is_so()
    });
}

/// Changes users so that each has its registration and so many profiles after it; the ids.
fn change(root: &Root, users: u32, profiles: u32) -> Vec<Value> {
    let users = (0..users).map(|n| root.user(n, &json!({}))["id"].clone());
    let users: Vec<_> = users.collect();
    for level in 1..=profiles {
        for user in &users {
            root.update(USERS, user, &json!({ "users_rank_level": level }))
                .ok();
        }
    }
    users
}

/// Asserts that each user's messages were taken in their order, each once.
fn assert_in_order(taken: &[Told], users: &[Value], profiles: u64) {
    let mut levels: HashMap<&str, Vec<u64>> = HashMap::new();
    for told in taken {
        let level = &told.body["data"]["user"]["users_rank_level"];
        levels
            .entry(&told.user)
            .or_default()
            .push(level.as_u64().unwrap());
    }
    let expected: Vec<_> = (0..=profiles).collect();
    for user in users {
        assert_eq!(levels[user.as_str().unwrap()], expected, "{user}");
    }
}

#[test]
fn one_that_fails_is_told_everything_in_order_when_it_is_well_again() {
    let receiver = Receiver::answering(|_| Reply::Status(500));
    let root = root(&receiver);
    let users = change(&root, 20, 3);
    receiver.wait_for(1);
    wait_until("it is down", || state(&root)["failingSince"] != "");
    let seen = state(&root);
    assert_eq!(seen["pending"], 80);
    assert!(
        seen["failure"]
            .as_str()
            .unwrap()
            .contains("HTTP status 500"),
        "{seen}"
    );
    receiver.answer(|_| Reply::Status(200));
    pass(&root, Duration::from_secs(5), "all is told", || {
        receiver.taken().len() >= 80
    });
    assert_in_order(&receiver.taken(), &users, 3);
    wait_until("nothing waits", || state(&root)["pending"] == 0);
    let seen = state(&root);
    assert_eq!(
        (&seen["failingSince"], &seen["nextTry"]),
        (&json!(""), &json!(""))
    );
}

#[test]
fn one_that_is_closed_is_told_everything_when_it_comes_back_and_few_calls_until_then() {
    let mut closed = Receiver::start();
    let root = root(&closed);
    closed.close();
    let users = change(&root, 5, 1);
    wait_until("it is down", || state(&root)["failingSince"] != "");
    assert!(
        state(&root)["failure"]
            .as_str()
            .unwrap()
            .contains("connection refused")
    );
    let open = Receiver::start_at(closed.address);
    pass(&root, Duration::from_secs(5), "all is told", || {
        open.taken().len() >= 10
    });
    assert_in_order(&open.taken(), &users, 1);
}

#[test]
fn one_that_is_down_is_asked_with_one_message_at_a_time() {
    let receiver = Receiver::answering(|_| Reply::Status(503));
    let root = root(&receiver);
    change(&root, 1, 0);
    receiver.wait_for(1);
    wait_until("it is down", || state(&root)["failingSince"] != "");
    for n in 100..140 {
        root.user(n, &json!({}));
    }
    for tries in 2..6 {
        pass(&root, HOUR, "it is asked again", || {
            receiver.told().len() >= tries
        });
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(receiver.told().len(), tries);
    }
}

#[test]
fn one_that_hangs_costs_logins_nothing_and_gets_sixteen_calls_at_most() {
    let receiver = Receiver::answering(|_| Reply::Hang(Duration::from_secs(30)));
    let app = TestApp::spawn_with(with(&receiver));
    for n in 0..40 {
        app.wechat_token(&format!("new{n}"));
    }
    receiver.wait_for(16);
    // WeChat is asked on threads of its own, and all of these users are known by now.
    for n in 0..40 {
        app.wechat_token(&format!("new{n}~2"));
        app.register(&format!("138{n:08}"), PASSWORD).ok();
    }
    assert_eq!(receiver.most_open(), 16);
    assert_eq!(receiver.told().len(), 16);
}

#[test]
fn of_a_user_only_one_call_is_on_its_way() {
    static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let receiver = Receiver::answering(|_| {
        MOST.fetch_max(AT_ONCE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(20));
        AT_ONCE.fetch_sub(1, Ordering::SeqCst);
        Reply::Status(200)
    });
    let root = root(&receiver);
    let users = change(&root, 1, 20);
    let taken = receiver.wait_for_taken(21);
    assert_in_order(&taken, &users, 20);
    assert_eq!(MOST.load(Ordering::SeqCst), 1);
}

#[test]
fn a_refusal_of_one_user_holds_up_nobody_else() {
    for status in [400, 410, 302] {
        let receiver = Receiver::start();
        let root = root(&receiver);
        let refused = root.user(100, &json!({}))["id"].clone();
        receiver.wait_for_taken(1);
        let name = refused.as_str().unwrap().to_owned();
        let elsewhere = "Location: http://127.0.0.1:1/";
        receiver.answer(move |told| match told.user == name {
            true => Reply::With(status, elsewhere),
            false => Reply::Status(200),
        });
        root.update(USERS, &refused, &json!({ "users_rank_level": 1 }))
            .ok();
        root.update(USERS, &refused, &json!({ "users_rank_level": 2 }))
            .ok();
        let others = change(&root, 5, 2);
        wait_until("the others are told", || receiver.taken().len() >= 16);
        assert_in_order(&receiver.taken()[1..], &others, 2);
        wait_until("what the others were told is removed", || {
            state(&root)["pending"] == 2
        });
        let seen = state(&root);
        assert_eq!(seen["failingSince"], "", "one refusal is no failure of all");
        assert!(
            seen["failure"]
                .as_str()
                .unwrap()
                .contains(&status.to_string()),
            "{seen}"
        );
        receiver.answer(|_| Reply::Status(200));
        pass(&root, Duration::from_secs(5), "the rest is told", || {
            receiver.taken().len() >= 18
        });
        assert_eq!(
            receiver.kinds_of(&refused),
            ["registration", "profile", "profile"]
        );
    }
}

#[test]
fn it_is_asked_again_when_it_said_and_not_before() {
    let receiver = Receiver::answering(|_| Reply::With(429, "Retry-After: 1000"));
    let root = root(&receiver);
    change(&root, 1, 0);
    receiver.wait_for(1);
    wait_until("its pause is known", || state(&root)["nextTry"] != "");
    receiver.answer(|_| Reply::Status(200));
    root.app.clock.advance(Duration::from_secs(999));
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(receiver.told().len(), 1);
    root.app.clock.advance(Duration::from_secs(1));
    receiver.wait_for_taken(1);
}

#[test]
fn after_a_day_of_refusals_a_message_is_given_up_and_counted() {
    let receiver =
        Receiver::answering(
            |told| match told.body["data"]["user"]["users_rank_level"] == 1 {
                true => Reply::Status(400),
                false => Reply::Status(200),
            },
        );
    let root = root(&receiver);
    let user = change(&root, 1, 2).remove(0);
    receiver.wait_for_taken(1);
    pass(&root, HOUR, "it is given up", || {
        state(&root)["givenUp"] == 1
    });
    receiver.wait_for_taken(2);
    assert_eq!(receiver.kinds_of(&user), ["registration", "profile"]);
    let tries = receiver.told().len();
    assert!((12..40).contains(&tries), "{tries} tries in a day");
    wait_until("nothing waits", || state(&root)["pending"] == 0);
    let metrics = root.app.get("/metrics").send();
    assert!(
        metrics
            .text()
            .contains("bai_webhook_given_up_total{webhook=\"1\"} 1")
    );
    assert!(
        metrics
            .text()
            .contains("bai_webhook_tries_total{outcome=\"delivered\",webhook=\"1\"} 2")
    );
    assert!(
        metrics
            .text()
            .contains("bai_webhook_pending{webhook=\"1\"} 0")
    );
}

#[test]
fn a_connection_that_is_closed_without_an_answer_is_a_failure() {
    let receiver = Receiver::answering(|_| Reply::Close);
    let root = root(&receiver);
    change(&root, 1, 0);
    receiver.wait_for(1);
    wait_until("it is down", || state(&root)["failingSince"] != "");
    receiver.answer(|_| Reply::Status(202));
    pass(&root, Duration::from_secs(5), "it is told", || {
        receiver.taken().len() == 1
    });
}
