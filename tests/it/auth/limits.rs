//! 429: repetitions and hasty refreshes.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::app::{Answer, TestApp, profile};
use crate::support::wechat_stub::{Reply, SESSION};

fn spawn() -> TestApp {
    TestApp::spawn_with(|config| config.limits.enabled = true)
}

fn assert_too_many(answer: &Answer, retry_after: &str) {
    answer.assert_error(429, "重复请求过于频繁");
    assert_eq!(answer.header("retry-after"), retry_after);
}

#[test]
fn an_identical_request_is_refused_for_three_seconds() {
    let app = spawn();
    let token = app.wechat_token("alice~1");
    let set_profile = || {
        app.post("/api/wechat/profile")
            .bearer(&token)
            .json(&profile("13900139000"))
            .send()
    };
    let refresh = || {
        app.post("/api/system/refresh-token")
            .json(&json!({ "users_wx_code": "alice~2" }))
            .send()
    };
    let requests: [&dyn Fn() -> Answer; 5] = [
        &|| app.wechat_login("alice~3"),
        &set_profile,
        &refresh,
        &|| app.register("13800138000", "12345678"),
        &|| app.login("13800138000", "12345678"),
    ];
    for request in requests {
        assert_eq!(request().status, 200);
        assert_too_many(&request(), "3");
        app.clock.advance(Duration::from_millis(2_001));
        assert_too_many(&request(), "1");
        app.clock.advance(Duration::from_secs(1));
        assert_ne!(request().status, 429);
    }
    assert_eq!(app.wechat_login("alice~4").status, 200);
    assert_eq!(app.wechat_login("alice~5").status, 200);
}

#[test]
fn an_identical_request_in_flight_is_refused() {
    let app = spawn();
    app.stub.script(|call| {
        (call.path == SESSION).then(|| {
            thread::sleep(Duration::from_millis(300));
            Reply::Json(json!({ "openid": "o_alice" }))
        })
    });
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..10)
            .map(|_| scope.spawn(|| app.wechat_login("alice~1").status))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 9);
    assert_eq!(app.stub.calls(SESSION).len(), 1);
}

#[test]
fn a_valid_token_refreshes_twenty_times_in_ten_seconds() {
    let app = spawn();
    let (alice, bob) = (app.wechat_token("alice~1"), app.wechat_token("bob~1"));
    let refresh = |token: &str| app.post("/api/system/refresh-token").bearer(token).send();
    for _ in 0..20 {
        assert_eq!(refresh(&alice).status, 200);
    }
    assert_too_many(&refresh(&alice), "10");
    assert_eq!(refresh(&bob).status, 200);
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(refresh(&alice).status, 200);
}

#[test]
fn a_refused_body_does_not_count() {
    let app = spawn();
    let mut body = crate::support::app::registration("13800138000", "12345678");
    body["users_name"] = json!("");
    assert_eq!(
        app.post("/api/platform/register").json(&body).send().status,
        400
    );
    assert_eq!(app.register("13800138000", "12345678").status, 200);
}
