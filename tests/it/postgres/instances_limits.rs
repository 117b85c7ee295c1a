//! Limits that all servers on one database count together.

use serde_json::json;

use crate::support::app::Answer;
use crate::support::canary::PASSWORD;
use crate::support::instance::{Instance, settings};
use crate::support::postgres::database;

const WRONG: &str = "canary-wrong";

/// Settings of servers that limit, behind a proxy on this machine.
fn with_limits() -> Vec<(&'static str, String)> {
    let mut settings = settings(&database(), false);
    settings.push(("BAI_LIMITS__ENABLED", "true".into()));
    settings.push(("BAI_SERVER__TRUSTED_PROXIES", "127.0.0.1".into()));
    settings
}

/// A login by whoever a proxy says it is.
fn guess(server: &Instance, source: usize, phone: &str, password: &str) -> Answer {
    let body = json!({ "users_phone": phone, "password": password });
    let call = server.post("/api/platform/login").json(&body);
    call.header(
        "X-Forwarded-For",
        &format!("10.1.{}.{}", source / 250, source % 250 + 1),
    )
    .send()
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn wrong_passwords_of_a_source_make_it_wait_at_both() {
    let settings = with_limits();
    let servers = [(); 2].map(|()| Instance::start_with(&settings));
    let phone = "13800000001";
    assert_eq!(servers[0].register(phone).status, 200);
    let statuses: Vec<_> = (0..5)
        .map(|n| guess(&servers[n % 2], 7, phone, WRONG).status)
        .collect();
    assert_eq!(statuses, [400; 5]);
    for server in &servers {
        let waits = guess(server, 7, phone, PASSWORD);
        assert_eq!(waits.status, 429, "{}", waits.text());
        assert_eq!(waits.header("retry-after"), "1");
    }
    assert_eq!(
        guess(&servers[1], 8, phone, PASSWORD).status,
        200,
        "another source"
    );
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_hundred_wrong_passwords_a_day_are_counted_over_both_and_over_a_restart() {
    let settings = with_limits();
    let servers = [(); 2].map(|()| Instance::start_with(&settings));
    let phone = "13800000001";
    assert_eq!(servers[0].register(phone).status, 200);
    // Each source guesses no more often than is free of a wait.
    for n in 0..100 {
        assert_eq!(
            guess(&servers[n % 2], n / 5, phone, WRONG).status,
            400,
            "guess {n}"
        );
    }
    let restarted = Instance::start_with(&settings);
    for server in servers.iter().chain([&restarted]) {
        let refused = guess(server, 500, phone, PASSWORD);
        assert_eq!(refused.status, 429, "{}", refused.text());
    }
}
