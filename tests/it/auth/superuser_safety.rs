//! Where superusers may come from, and how often they may guess.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::support::app::{Answer, Call, TestApp};
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{SUPERUSERS, USERS, assert_error, path};
use crate::support::superuser::Root;

const EMAIL: &str = "root@example.com";
const REFUSED: &str = "Superusers are not allowed to come from this address.";

fn fenced(allowed: &[&str]) -> TestApp {
    TestApp::spawn_with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
        config.console.allow_ips = allowed
            .iter()
            .map(|network| network.parse().unwrap())
            .collect();
    })
}

fn log_in_from(app: &TestApp, from: &str, email: &str, password: &str) -> Answer {
    let body = json!({ "identity": email, "password": password });
    let call = app
        .post(&format!("{SUPERUSERS}/auth-with-password"))
        .header("X-Forwarded-For", from);
    call.json(&body).send()
}

#[test]
fn superusers_are_taken_from_the_allowed_networks_only() {
    let root = Root::of(fenced(&["10.8.0.0/16", "2001:db8::5/128", "127.0.0.1/32"]));
    let app = &root.app;
    let user = root.user(1, &json!({}));
    for (from, is_allowed) in [
        ("10.8.3.4", true),
        ("10.9.0.1", false),
        ("203.0.113.7", false),
        ("2001:db8::5", true),
        ("2001:db8::6", false),
        ("::ffff:10.8.0.1", true),
    ] {
        let login = log_in_from(app, from, EMAIL, PASSWORD);
        let id = user["id"].as_str().unwrap();
        let calls: [Call; 7] = [
            app.get("/api/backups"),
            app.get("/api/collections"),
            app.get(&format!("{USERS}/records")),
            app.post(&format!("{SUPERUSERS}/auth-refresh")),
            app.post(&format!("{USERS}/impersonate/{id}")),
            app.get("/api/events"),
            app.call("PATCH", &path(USERS, &user["id"]))
                .json(&json!({ "users_name": "李四" })),
        ];
        for answer in calls.map(|call| {
            call.bearer(&root.token)
                .header("X-Forwarded-For", from)
                .send()
        }) {
            assert_eq!(
                answer.status,
                if is_allowed { 200 } else { 403 },
                "{from}: {}",
                answer.text()
            );
        }
        // A link works without another token, so it has to be looked at by itself.
        let files = app
            .post("/api/files/token")
            .bearer(&root.token)
            .header("X-Forwarded-For", "10.8.0.1")
            .send()
            .ok();
        let link = format!(
            "/api/backups/none.redb?token={}",
            files["token"].as_str().unwrap()
        );
        let answer = app.get(&link).header("X-Forwarded-For", from).send();
        assert_eq!(
            answer.status,
            if is_allowed { 404 } else { 403 },
            "{from}: {}",
            answer.text()
        );
        if is_allowed {
            assert_eq!(login.status, 200, "{from}");
        } else {
            assert_error(&login, 403, REFUSED, &json!({}));
        }
    }
    let wrong = log_in_from(app, "203.0.113.7", EMAIL, "canary-wrong");
    assert_error(&wrong, 403, REFUSED, &json!({}));
    let body = json!({ "requests": [{ "method": "DELETE", "url": path(USERS, &user["id"]) }] });
    let batch = app
        .post("/api/batch")
        .bearer(&root.token)
        .header("X-Forwarded-For", "203.0.113.7");
    assert_error(&batch.json(&body).send(), 403, REFUSED, &json!({}));
    let set_up = app
        .post("/api/setup")
        .header("X-Forwarded-For", "203.0.113.7")
        .json(&json!({}));
    assert_error(&set_up.send(), 403, REFUSED, &json!({}));

    let refused = root.events("kind=superuser-login-failed&limit=1000");
    assert!(
        refused.iter().all(|event| event["cause"] == "address"),
        "{refused:?}"
    );
    let shown = refused
        .iter()
        .filter(|event| event["subject"] == root.record["id"]);
    let from: BTreeSet<_> = shown
        .map(|event| event["source"].as_str().unwrap())
        .collect();
    assert_eq!(
        from,
        BTreeSet::from(["10.9.0.1", "2001:db8::", "203.0.113.7"])
    );
}

#[test]
fn users_come_from_anywhere() {
    let app = fenced(&["10.8.0.0/16"]);
    assert_eq!(app.register("13800138000", PASSWORD).status, 200);
    let body = json!({ "identity": "13800138000", "password": PASSWORD });
    let login = app
        .post(&format!("{USERS}/auth-with-password"))
        .json(&body)
        .send()
        .ok();
    let own = app
        .post(&format!("{USERS}/auth-refresh"))
        .bearer(login["token"].as_str().unwrap());
    assert_eq!(own.send().status, 200);
}

#[test]
fn guessing_superusers_and_their_passwords_is_limited_for_each_source() {
    let root = Root::of(TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    }));
    let app = &root.app;
    let attempt = |from: &str, email: &str, password: &str| {
        app.clock.advance(Duration::from_secs(3));
        log_in_from(app, from, email, password)
    };
    for _ in 0..6 {
        assert_eq!(attempt("203.0.113.1", EMAIL, "canary-wrong").status, 400);
    }
    attempt("203.0.113.1", EMAIL, "canary-wrong");
    let refused = log_in_from(app, "203.0.113.1", EMAIL, PASSWORD);
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, "5"),
        "even the right password has to wait"
    );
    assert_eq!(
        attempt("203.0.113.2", EMAIL, PASSWORD).status,
        200,
        "others do not"
    );

    for n in 0..20 {
        assert_eq!(
            attempt("203.0.113.3", &format!("guess{n}@example.com"), PASSWORD).status,
            400
        );
    }
    for email in ["guess@example.com", EMAIL] {
        let refused = attempt("203.0.113.3", email, PASSWORD);
        assert_eq!(
            refused.status, 429,
            "known or not, the answer does not tell"
        );
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 60);
    }
    assert_eq!(attempt("203.0.113.4", EMAIL, PASSWORD).status, 200);
}
