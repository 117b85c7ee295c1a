//! `/api/overview`: numbers of users, logins, requests, WeChat's calls and backups, for superusers.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use bai::store::Location;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{USERS, assert_error, fields};
use crate::support::superuser::{EMAIL, Root, log_in, person};
use crate::support::wechat_stub::{Reply, SESSION};

fn overview(root: &Root) -> Value {
    root.get("/api/overview").ok()
}

#[test]
fn only_superusers_see_it() {
    let root = Root::new();
    let user = root.app.wechat_token("alice~0");
    for path in ["/api/overview", "/api/overview/users"] {
        let no_token = "The request requires valid record authorization token.";
        assert_error(&root.app.get(path).send(), 401, no_token, &json!({}));
        let refused = root.app.get(path).bearer(&user).send();
        let message = "The authorized record is not allowed to perform this action.";
        assert_error(&refused, 403, message, &json!({}));
        assert_eq!(root.get(path).status, 200);
    }
    let message = "An error occurred while validating the submitted data.";
    for wrong in ["x", "1081", "-1081", "8.5", "99999999999"] {
        let answer = root.get(&format!("/api/overview/users?offset={wrong}"));
        let error = ("validation_invalid_value", "Invalid value.");
        assert_error(&answer, 400, message, &fields(&[("offset", error)]));
    }
}

/// Kinds of the days that have users, with their ages in days.
fn days(root: &Root, offset: &str) -> Vec<(usize, u64, u64)> {
    let found = root
        .get(&format!("/api/overview/users?offset={offset}"))
        .ok();
    let days = found["days"].as_array().unwrap().clone();
    assert_eq!(days.len(), 90);
    let new = days.iter().rev().enumerate().map(|(age, day)| {
        (
            age,
            day["wechat"].as_u64().unwrap(),
            day["platform"].as_u64().unwrap(),
        )
    });
    new.filter(|(_, wechat, platform)| wechat + platform > 0)
        .collect()
}

#[test]
fn users_are_counted_by_kind_and_status_and_by_day_of_the_reader() {
    let root = Root::new();
    let clock = &root.app.clock;
    // A token of the time that the clock is at.
    let sign_in = |at: &str| {
        clock.set(at.parse::<Timestamp>().unwrap());
        log_in(&root.app, EMAIL, PASSWORD).ok()["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let made = |n: u32, at: &str, kind: &str, status: u8| {
        let body = person(n, &json!({ "users_idtype": kind, "users_status": status }));
        let token = sign_in(at);
        let call = root.app.post(&format!("{USERS}/records"));
        call.header("Authorization", &token).json(&body).send().ok();
    };
    made(1, "2026-12-01T12:00:00Z", "WeChat", 1);
    made(2, "2027-01-22T20:00:00Z", "WeChat", 1);
    made(3, "2027-04-20T15:59:59Z", "ManagePlatform", 0);
    made(4, "2027-04-20T16:00:00Z", "WeChat", 1);
    made(5, "2027-04-20T18:20:00Z", "WeChat", 0);
    made(6, "2027-04-21T23:59:59Z", "ManagePlatform", 1);
    let token = sign_in("2027-04-22T05:00:00Z");
    let root = Root { token, ..root };
    let found = root.get("/api/overview/users").ok();
    let numbers = ["total", "active", "disabled", "wechat", "platform"]
        .map(|key| found[key].as_u64().unwrap());
    assert_eq!(numbers, [6, 4, 2, 4, 2]);
    assert_eq!(found["days"][89]["day"], "2027-04-22");
    assert_eq!(found["days"][0]["day"], "2027-01-23");
    for (offset, expected) in [
        ("", vec![(1, 0, 1), (2, 2, 1)]),
        ("0", vec![(1, 0, 1), (2, 2, 1)]),
        // Beijing: midnight is at 16:00 in UTC.
        ("480", vec![(0, 0, 1), (1, 2, 0), (2, 0, 1), (89, 1, 0)]),
        // India: midnight is at 18:30.
        ("330", vec![(0, 0, 1), (2, 2, 1), (89, 1, 0)]),
        ("-360", vec![(0, 0, 1), (1, 2, 1), (89, 1, 0)]),
    ] {
        assert_eq!(days(&root, offset), expected, "{offset}");
    }
    let user = root
        .get(&format!("{USERS}/records?filter=users_phone='13800000006'"))
        .ok();
    root.delete(USERS, &user["items"][0]["id"]);
    assert_eq!(days(&root, "0"), [(2, 2, 1)]);
}

/// Hours with logins: begin, successes, failures.
fn login_hours(root: &Root) -> Vec<(String, u64, Value)> {
    let found = overview(root);
    let hours = found["logins"].as_array().unwrap().clone();
    assert_eq!(hours.len(), 7 * 24);
    let hours = hours.into_iter().map(|hour| {
        (
            hour["at"].as_str().unwrap().to_owned(),
            hour["succeeded"].as_u64().unwrap(),
            hour["failed"].clone(),
        )
    });
    hours
        .filter(|(_, succeeded, failed)| *succeeded > 0 || *failed != json!({}))
        .collect()
}

/// A superuser who logs in now: tokens of another time may not be valid.
fn signed_in(app: TestApp) -> Root {
    let login = log_in(&app, EMAIL, PASSWORD).ok();
    Root {
        app,
        record: login["record"].clone(),
        token: login["token"].as_str().unwrap().to_owned(),
    }
}

#[test]
fn logins_are_counted_by_hour_and_outcome_those_before_a_restart_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = || Location::File(dir.path().join("bai.redb"));
    let root = Root::of(TestApp::spawn_on(&file(), |_| ()));
    let set = |root: &Root, at: &str| root.app.clock.set(at.parse::<Timestamp>().unwrap());
    set(&root, "2026-11-22T03:10:00Z");
    root.app.register("13800138000", PASSWORD).ok();
    root.app.login("13800138000", PASSWORD).ok();
    root.app
        .login("13800138000", "canary-wrong")
        .assert_error(400, "");
    root.app
        .login("13800138001", PASSWORD)
        .assert_error(404, "");
    root.app
        .login("13800138000", "canary-wrong")
        .assert_error(400, "");
    set(&root, "2026-11-22T04:59:59Z");
    root.app.wechat_login("alice~0").ok();
    let root = signed_in(root.app);
    let first = (
        "2026-11-22 03:00:00.000Z".to_owned(),
        2,
        json!({ "wrong-password": 2, "unknown": 1 }),
    );
    let second = ("2026-11-22 04:00:00.000Z".to_owned(), 1, json!({}));
    assert_eq!(login_hours(&root), [first.clone(), second.clone()]);
    root.app.block_on(root.app.app.audit_log.flush()).unwrap();
    drop(root);

    let app = TestApp::spawn_on(&file(), |_| ());
    app.clock.set("2026-11-22T07:30:00Z".parse().unwrap());
    let root = signed_in(app);
    root.app.login("13800138000", PASSWORD).ok();
    let third = ("2026-11-22 07:00:00.000Z".to_owned(), 1, json!({}));
    assert_eq!(login_hours(&root), [first, second, third]);
    assert_eq!(
        overview(&root)["disk"]["fileBytes"],
        fs::metadata(dir.path().join("bai.redb")).unwrap().len()
    );
}

#[test]
fn requests_are_counted_with_the_time_they_took_but_for_its_own() {
    // Not ready: whoever looks at that sees no errors of their own making.
    let dir = tempfile::tempdir().unwrap();
    let file = Location::File(dir.path().join("bai.redb"));
    let app = TestApp::spawn_on(&file, |config| config.store.min_free_mib = usize::MAX >> 20);
    let root = Root::of(app);
    root.app.get("/readyz").send().assert_error(503, "");
    let before = overview(&root)["requests"].clone();
    for _ in 0..3 {
        root.app.get("/api/health").send();
        root.get("/api/overview/users").ok();
        root.app.get("/readyz").send().assert_error(503, "");
    }
    let after = overview(&root)["requests"].clone();
    let more = |key: &str| after[key].as_f64().unwrap() - before[key].as_f64().unwrap();
    assert!((more("count") - 3.0).abs() < 0.1, "{before} {after}");
    assert!(more("seconds") > 0.0 && more("failed").abs() < 0.1);
    let buckets = after["buckets"].as_array().unwrap();
    assert!(
        buckets
            .windows(2)
            .all(|pair| pair[0]["le"].as_f64() < pair[1]["le"].as_f64())
    );
    assert!(
        buckets
            .windows(2)
            .all(|pair| pair[0]["count"].as_u64() <= pair[1]["count"].as_u64())
    );
    assert_eq!(buckets.last().unwrap()["count"], after["count"]);
}

#[test]
fn calls_of_wechat_are_counted_from_midnight_in_beijing_and_its_last_error_is_told() {
    let root = Root::new();
    root.app.clock.set("2026-11-22T15:00:00Z".parse().unwrap());
    assert_eq!(
        overview(&root)["wechat"],
        json!({ "callsToday": { "login": 0, "phone": 0, "access_token": 0 }, "lastError": null })
    );
    root.app.wechat_login("alice~0").ok();
    // A wrong code is the client's, and no error of WeChat.
    root.app.wechat_login("bad").assert_error(400, "");
    assert_eq!(
        overview(&root)["wechat"],
        json!({ "callsToday": { "login": 2, "phone": 0, "access_token": 0 }, "lastError": null })
    );
    let refused = json!({ "errcode": 40164, "errmsg": "invalid ip 203.0.113.7" });
    root.app
        .stub
        .script(move |call| (call.path == SESSION).then_some(Reply::Json(refused.clone())));
    root.app.clock.advance(Duration::from_hours(1));
    root.app.wechat_login("alice~1");
    let wechat = overview(&root)["wechat"].clone();
    assert_eq!(wechat["callsToday"]["login"], 1);
    let error =
        json!({ "at": "2026-11-22 16:00:00.000Z", "outcome": "misconfigured", "errcode": 40164 });
    assert_eq!(wechat["lastError"], error);
}

/// What is told of the backups of a server that makes one an hour in `folder`, once there is something to tell.
fn backup(folder: &Path) -> Value {
    let root = Root::of(TestApp::spawn_with(|config| {
        config.backup.every = Some(Duration::from_hours(1));
        config.backup.dir = folder.into();
    }));
    let begun = Instant::now();
    loop {
        let backup = overview(&root)["backup"].clone();
        if !backup["failure"].is_null() || !backup["lastSuccess"].is_null() {
            return backup;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{backup}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn backups_are_told_whether_they_fail_or_succeed() {
    let dir = tempfile::tempdir().unwrap();
    let made = backup(&dir.path().join("backups"));
    assert!(
        made["lastBytes"].as_u64().unwrap() > 0 && made["failure"].is_null(),
        "{made}"
    );
    assert_eq!(
        (&made["everySeconds"], &made["overdue"]),
        (&json!(3600), &json!(false))
    );
    let file = dir.path().join("file");
    fs::write(&file, "a file where the folder should be").unwrap();
    let failed = backup(&file);
    assert!(
        failed["lastSuccess"].is_null() && failed["lastBytes"].is_null(),
        "{failed}"
    );
    assert!(!failed["failure"]["reason"].as_str().unwrap().is_empty());
    assert_eq!(
        failed["failure"]["at"].as_str().unwrap().len(),
        "2026-11-22 06:10:36.858Z".len()
    );
    let root = Root::new();
    let none = json!({ "everySeconds": 0, "lastSuccess": null, "lastBytes": null, "failure": null, "overdue": false });
    assert_eq!(overview(&root)["backup"], none);
}
