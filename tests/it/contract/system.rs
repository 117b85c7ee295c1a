//! `/api/system/*`

use std::time::{Duration, Instant};

use bai::domain::Status;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::failing_disk::FailingDisk;
use crate::support::wechat_stub::SESSION;

const REFRESH: &str = "/api/system/refresh-token";

#[test]
fn hello_world_has_its_four_fields() {
    let app = TestApp::spawn();
    let answer = app.post("/api/system/test-helloworld").send();
    let data = answer.data();
    assert_eq!(answer.ok()["msg"], "操作成功");
    assert_eq!(data["message"], "Hello, World!");
    assert_eq!(data["status"], "success");
    assert_eq!(data["timestamp"], "2026-11-22T06:10:36.858Z");
    let build_time: jiff::Timestamp = data["build_time"].as_str().unwrap().parse().unwrap();
    assert!(build_time.as_second() > 0);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[test]
fn health_tells_the_time() {
    let app = TestApp::spawn();
    let data = app.post("/api/system/health").send().data();
    assert_eq!(
        data,
        json!({ "status": "healthy", "timestamp": "2026-11-22T06:10:36.858Z" })
    );
}

#[test]
fn a_body_is_not_looked_at_where_none_is_expected() {
    let app = TestApp::spawn();
    for path in [
        "/api/system/health",
        "/api/system/users-count",
        "/api/system/test-helloworld",
    ] {
        assert_eq!(
            app.post(path)
                .header("Content-Type", "text/plain")
                .body(b"{")
                .send()
                .status,
            200
        );
    }
}

#[test]
fn a_full_disk_fails_writes_at_once_and_nothing_else_and_needs_no_restart() {
    let disk = FailingDisk::default();
    let app = TestApp::spawn_on(&disk.location(), |_| ());
    let token = app.wechat_token("alice~1");
    let count = || app.post("/api/system/users-count").send().data()["total_users"].clone();
    // Health needs no proof of its own for five seconds after a commit; a failed one shows at once.
    disk.fill(true);
    for n in 0..3 {
        let started = Instant::now();
        app.wechat_login(&format!("bob{n}"))
            .assert_error(500, "服务端内部错误");
        assert!(started.elapsed() < Duration::from_secs(1));
        let answer = app.post("/api/system/health").send();
        answer.assert_error(503, "无法写入");
        assert_eq!(answer.json()["data"]["status"], "unhealthy");
        assert_eq!(app.post(REFRESH).bearer(&token).send().status, 200);
        assert_eq!(app.wechat_login("alice~2").status, 200);
        assert_eq!(count(), 1);
    }

    disk.fill(false);
    assert_eq!(
        app.wechat_login("bob~1").ok()["meta"]["data"]["status"],
        "register_success"
    );
    assert_eq!(app.post("/api/system/health").send().status, 200);
    assert_eq!(app.post(REFRESH).bearer(&token).send().status, 200);
    assert_eq!(count(), 2);
}

#[test]
fn users_are_counted_exactly() {
    let app = TestApp::spawn();
    let count = || app.post("/api/system/users-count").send().data()["total_users"].clone();
    assert_eq!(count(), 0);
    app.wechat_login("alice~1");
    app.wechat_login("alice~2");
    app.register("13800138000", PASSWORD);
    app.register("13800138000", PASSWORD)
        .assert_error(400, "手机号已存在");
    assert_eq!(count(), 2);
}

#[test]
fn a_valid_token_is_refreshed_without_wechat_whatever_empty_body_comes_along() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let calls = app.stub.calls(SESSION).len();
    let json_type =
        |call: crate::support::app::Call| call.header("Content-Type", "application/json");
    let refresh = || app.post(REFRESH).bearer(&token);
    for (name, call) in [
        ("absent", refresh()),
        ("empty JSON", json_type(refresh())),
        ("white space", json_type(refresh()).body(b" \n")),
        ("{}", refresh().json(&json!({}))),
        ("null", refresh().json(&json!({ "users_wx_code": null }))),
        (
            "empty code",
            refresh().json(&json!({ "users_wx_code": "" })),
        ),
        (
            "a code, too",
            refresh().json(&json!({ "users_wx_code": "bad" })),
        ),
        (
            "charset",
            refresh()
                .header("Content-Type", "application/json; charset=utf-8")
                .body(b"{}"),
        ),
        (
            "raw token",
            app.post(REFRESH).header("Authorization", &token),
        ),
        (
            "scheme in lower case",
            app.post(REFRESH)
                .header("Authorization", &format!("bearer {token}")),
        ),
    ] {
        let answer = call.send();
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let data = answer.data();
        assert_eq!(data.as_object().unwrap().len(), 1);
        let new = data["token"].as_str().unwrap();
        assert_ne!(new, token);
        assert_eq!(app.post(REFRESH).bearer(new).send().status, 200);
    }
    assert_eq!(app.stub.calls(SESSION).len(), calls);
}

#[test]
fn without_a_valid_token_a_code_finds_the_user() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let with_code = |code: &str| app.post(REFRESH).json(&json!({ "users_wx_code": code }));
    let new = with_code("alice~2").send().data()["token"].clone();
    assert_eq!(
        app.post(REFRESH)
            .bearer(new.as_str().unwrap())
            .send()
            .status,
        200
    );
    assert_eq!(with_code("alice~3").bearer("nonsense").send().status, 200);
    app.clock.advance(Duration::from_hours(121));
    assert_eq!(with_code("alice~4").bearer(&token).send().status, 200);
    with_code("stranger~1")
        .send()
        .assert_error(404, "用户不存在");
    with_code("bad").send().assert_error(400, "code");
    assert_eq!(
        app.post("/api/system/users-count").send().data()["total_users"],
        1
    );
}

#[test]
fn neither_token_nor_code_is_401() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    app.clock.advance(Duration::from_hours(120));
    app.post(REFRESH)
        .bearer(&token)
        .send()
        .assert_error(401, "token 无效或已过期");
    app.post(REFRESH).send().assert_error(401, "token");
    app.post(REFRESH)
        .bearer("")
        .json(&json!({}))
        .send()
        .assert_error(401, "token");
    app.post(REFRESH)
        .header("Authorization", "Basic abc")
        .send()
        .assert_error(401, "token");
}

#[test]
fn a_body_that_is_not_json_is_415_and_a_malformed_one_400() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let refresh = || app.post(REFRESH).bearer(&token);
    refresh()
        .header("Content-Type", "text/plain")
        .body(b"code")
        .send()
        .assert_error(415, "application/json");
    refresh()
        .body(b"{}")
        .send()
        .assert_error(415, "application/json");
    let json = |body: &[u8]| {
        refresh()
            .header("Content-Type", "application/json")
            .body(body)
            .send()
    };
    json(b"{").assert_error(400, "JSON");
    json(b"[]").assert_error(400, "对象");
    json(b"null").assert_error(400, "对象");
    json(br#"{"users_wx_code":5}"#).assert_error(400, "users_wx_code");
    let long = json!({ "users_wx_code": "x".repeat(257) }).to_string();
    json(long.as_bytes()).assert_error(400, "users_wx_code");
}

#[test]
fn a_disabled_user_is_refused_by_token_and_by_code() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let user = app.post(REFRESH).bearer(&token).send();
    assert_eq!(user.status, 200);
    let record: Value = app.wechat_login("alice~2").ok()["record"].clone();
    let id = bai::domain::RecordId::parse(record["id"].as_str().unwrap()).unwrap();
    app.change_user(&id, |user| user.status = Status::Disabled);

    app.post(REFRESH)
        .bearer(&token)
        .send()
        .assert_error(401, "停用");
    app.post(REFRESH)
        .json(&json!({ "users_wx_code": "alice~3" }))
        .send()
        .assert_error(401, "停用");
    app.wechat_login("alice~4").assert_error(401, "停用");
    app.post("/api/wechat/profile")
        .bearer(&token)
        .json(&crate::support::app::profile("1"))
        .send()
        .assert_error(401, "停用");
}
