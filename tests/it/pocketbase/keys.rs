//! Keys that tokens are encrypted with, over HTTP: listed, rotated, and what becomes of tokens.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::superuser::{EMAIL, Root, log_in};

const DAY: Duration = Duration::from_hours(24);

fn with_lifetimes(users: Duration, superusers: Duration) -> Root {
    Root::of(TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.token.lifetime = users;
        config.token.superuser_lifetime = superusers;
    }))
}

fn items(answer: &Value) -> Vec<Value> {
    answer["items"].as_array().unwrap().clone()
}

fn rotate(app: &TestApp, token: &str) -> Vec<Value> {
    items(&app.post("/api/keys").bearer(token).send().ok())
}

fn status(app: &TestApp, token: &str) -> u16 {
    app.get("/api/keys").bearer(token).send().status
}

#[test]
fn a_rotated_key_verifies_until_its_last_token_has_expired() {
    let root = with_lifetimes(5 * DAY, DAY);
    let before = items(&root.get("/api/keys").ok());
    assert_eq!(before.len(), 1);
    assert_eq!(
        (&before[0]["signs"], &before[0]["verifiesUntil"]),
        (&json!(true), &json!(""))
    );
    root.app.clock.advance(Duration::from_hours(1));
    let after = rotate(&root.app, &root.token);
    assert_eq!(after, items(&root.get("/api/keys").ok()));
    let shown: Vec<_> = after
        .iter()
        .map(|key| {
            (
                key["signs"].clone(),
                key["created"].clone(),
                key["verifiesUntil"].clone(),
            )
        })
        .collect();
    let expected = [
        (
            json!(false),
            json!("2026-11-22 06:10:36.858Z"),
            json!("2026-11-27 07:10:36.858Z"),
        ),
        (json!(true), json!("2026-11-22 07:10:36.858Z"), json!("")),
    ];
    assert_eq!(shown, expected);
    assert_eq!(after[0]["id"], before[0]["id"]);
    assert!(
        after
            .iter()
            .all(|key| key["id"].as_str().unwrap().starts_with("k4.lid."))
    );
    assert!(after.iter().all(|key| key["isExpired"] == false));
    let events = root.events("kind=command");
    assert_eq!(
        (&events[0]["detail"], &events[0]["actorId"]),
        (&json!("key rotate"), &root.record["id"])
    );
    root.app.clock.advance(5 * DAY);
    let login = log_in(&root.app, EMAIL, PASSWORD).ok();
    let later = root
        .app
        .get("/api/keys")
        .bearer(login["token"].as_str().unwrap())
        .send();
    let later: Vec<_> = items(&later.ok())
        .into_iter()
        .map(|key| key["isExpired"].clone())
        .collect();
    assert_eq!(later, [true, false]);
}

/// A key was dropped after the lifetime of users' tokens, though superusers' may live longer.
#[test]
fn no_rotation_ends_a_token_before_its_time() {
    for (users, superusers) in [(5 * DAY, 30 * DAY), (30 * DAY, 5 * DAY), (DAY, DAY)] {
        let root = with_lifetimes(users, superusers);
        let user = root.app.register("13800138000", PASSWORD).ok()["token"].clone();
        let user = user.as_str().unwrap().to_owned();
        rotate(&root.app, &root.token);
        let age = users
            .max(superusers)
            .checked_sub(Duration::from_mins(1))
            .unwrap();
        root.app.clock.advance(age);
        for _ in 0..2 {
            let new = log_in(&root.app, EMAIL, PASSWORD).ok()["token"].clone();
            rotate(&root.app, new.as_str().unwrap());
        }
        let is_alive = superusers >= users;
        assert_eq!(
            status(&root.app, &root.token),
            if is_alive { 200 } else { 401 }
        );
        let refreshed = root
            .app
            .post("/api/system/refresh-token")
            .bearer(&user)
            .send();
        assert_eq!(
            refreshed.status,
            if users >= superusers { 200 } else { 401 }
        );
    }
}

#[test]
fn keys_that_are_rotated_at_once_are_all_known() {
    let root = with_lifetimes(5 * DAY, DAY);
    let tokens: Vec<String> = thread::scope(|scope| {
        let rotating = (0..8).map(|_| {
            scope.spawn(|| {
                rotate(&root.app, &root.token);
                let login = log_in(&root.app, EMAIL, PASSWORD).ok();
                login["token"].as_str().unwrap().to_owned()
            })
        });
        let rotating: Vec<_> = rotating.collect();
        rotating.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(items(&root.get("/api/keys").ok()).len(), 9);
    for token in tokens {
        assert_eq!(status(&root.app, &token), 200);
    }
}

#[test]
fn only_superusers_see_keys_settings_and_the_schedule() {
    let root = Root::new();
    let user = root.app.register("13800138000", PASSWORD).ok()["token"].clone();
    let user = user.as_str().unwrap();
    for (method, path) in [
        ("GET", "/api/keys"),
        ("POST", "/api/keys"),
        ("GET", "/api/config"),
        ("GET", "/api/backup-schedule"),
    ] {
        let status = |token: &str| root.app.call(method, path).bearer(token).send().status;
        assert_eq!(
            root.app.call(method, path).send().status,
            401,
            "{method} {path}"
        );
        assert_eq!(status("pb.x.y"), 401, "{method} {path}");
        assert_eq!(status(user), 403, "{method} {path}");
        assert_eq!(
            root.call(method, path).send().status,
            200,
            "{method} {path}"
        );
    }
    assert_eq!(
        items(&root.get("/api/keys").ok()).len(),
        2,
        "one rotation only"
    );
}
