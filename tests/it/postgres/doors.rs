//! A server on PostgreSQL: what it says of it, and what it answers while the database is away.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::binary::{Running, bai};
use crate::support::postgres::{Pair, Replication, database, wait_until};
use crate::support::superuser::Root;
use crate::support::wire_proxy::Proxy;

fn on(url: &str) -> Root {
    Root::of(TestApp::spawn_with(|config| {
        config.store.url = url.into();
        config.store.require_sync = false;
    }))
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn while_the_database_is_away_both_doors_answer_503_with_retry_after() {
    let proxy = Proxy::start(&database());
    let root = on(&proxy.url);
    proxy.blackhole_all();
    let read = root.app.post("/api/system/users-count").send();
    let write = root
        .app
        .post("/api/wechat/login")
        .json(&json!({ "users_wx_code": "canary~1" }))
        .send();
    for answer in [read, write] {
        answer.assert_error(503, "数据库暂时不可用,请稍后重试");
        assert_eq!(answer.header("retry-after"), "1");
    }
    let users = "/api/collections/tbl_auth_users/records";
    let body = json!({ "users_name": "Anne" });
    for answer in [root.get(users), root.call("POST", users).json(&body).send()] {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert_eq!(answer.header("retry-after"), "1");
        let expected = json!({ "data": {}, "message": "The database is not available for now, try again soon.", "status": 503 });
        assert_eq!(answer.json(), expected);
    }
    proxy.heal();
    wait_until("it answers again", || root.get(users).status == 200);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn backups_are_postgresql_s_own_work_at_every_door() {
    let root = on(&database());
    assert_eq!(root.get("/api/backups").ok(), json!([]));
    assert_eq!(root.get("/api/backup-schedule").ok()["onPostgres"], true);
    for (method, path) in [
        ("POST", "/api/backups"),
        ("DELETE", "/api/backups/x.redb"),
        ("POST", "/api/backups/x.redb/restore"),
    ] {
        let answer = root.call(method, path).send();
        assert_eq!(answer.status, 400, "{method} {path}");
        assert!(answer.text().contains("pg_basebackup"), "{}", answer.text());
    }
    let overview = root.get("/api/overview").ok();
    assert!(overview["disk"].is_null());
    let primary = overview["postgres"]["primary"].as_str().unwrap();
    assert!(primary.starts_with("127.0.0.1:"), "{primary}");
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_failover_leaves_a_server_ready_and_half_a_minute_without_a_commit_does_not() {
    let proxy = Proxy::start(&database());
    let root = on(&proxy.url);
    proxy.blackhole_all();
    let readyz = || root.app.get("/readyz").send();
    wait_until("reads are refused", || {
        root.get("/api/overview").status == 503
    });
    assert_eq!(readyz().status, 200);
    wait_until("it is not ready", || readyz().status == 503);
    let store = &readyz().json()["data"]["components"]["store"];
    let problem = &store["problems"][0];
    assert_eq!(problem["code"], "unconfirmed");
    let text = problem["text"].as_str().unwrap();
    let name = proxy.url.replacen("bai@", "", 1);
    assert!(
        text.starts_with(&name) && text.contains("pg_stat_replication"),
        "{text}"
    );
    proxy.heal();
    wait_until("it is ready again", || readyz().status == 200);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_synchronous_standby_is_found_at_the_start_and_counted_in_the_metrics() {
    let pair = Pair::start(Replication::Synchronous);
    let app = TestApp::spawn_with(|config| config.store.url = pair.urls().as_str().into());
    let standbys = || {
        let metrics = app.get("/metrics").send();
        let line = metrics
            .text()
            .lines()
            .find(|line| line.starts_with("bai_postgres_standbys "))
            .map(str::to_owned);
        line.unwrap_or_default()
    };
    assert_eq!(standbys(), "bai_postgres_standbys 1");
}

/// The names that begin with `bai_postgres_`.
fn names(text: &str) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_of_name(c));
    let ours = words.filter(|word| word.starts_with("bai_postgres_"));
    ours.map(str::to_owned).collect()
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn metrics_of_postgresql_are_those_of_the_alerts_and_of_the_operations_page() {
    let root = on(&database());
    let mut shown = names(root.app.get("/metrics").send().text());
    // Its series begin with the first retry.
    shown.insert("bai_postgres_retries_total".to_owned());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(folder.join("docs/operations.md")).unwrap();
    let alerts = fs::read_to_string(folder.join("deploy/prometheus/alerts.yml")).unwrap();
    assert_eq!(names(&page), shown);
    assert!(names(&alerts).len() >= 5 && names(&alerts).is_subset(&shown));
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_server_says_what_it_is_on_makes_no_file_and_no_backup() {
    let dir = tempfile::tempdir().unwrap();
    let url = database();
    let mut command = bai(dir.path(), &["serve"]);
    command.envs([
        ("BAI_STORE__URL", url.replacen("bai@", "bai:canary@", 1)),
        ("BAI_STORE__REQUIRE_SYNC", "false".to_owned()),
        ("BAI_BACKUP__EVERY", "1m".to_owned()),
    ]);
    let server = Running::start(command);
    assert_eq!(server.post("/api/system/health", &json!({})).status, 200);
    server.signal("-TERM");
    let (is_success, log) = server.wait();
    assert!(is_success, "{log}");
    let name = url.replacen("bai@", "", 1);
    let listening = log.lines().find(|line| line.contains("bai listens on"));
    let listening = listening.unwrap();
    assert!(
        listening.contains(&format!("{name} (primary 127.0.0.1:")),
        "{listening}"
    );
    assert!(log.contains("backup.every and backup.s3 are for a database file"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
