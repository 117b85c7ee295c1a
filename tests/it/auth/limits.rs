//! 429: repetitions and hasty refreshes.

use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::support::app::{Answer, Call, TestApp, profile, registration};
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{SUPERUSERS, USERS};
use crate::support::superuser::{self, Root};
use crate::support::wechat_stub::{PHONE, Reply, SESSION};

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

/// The statuses of these requests at once.
fn at_once(requests: impl IntoIterator<Item = Call>) -> Vec<u16> {
    thread::scope(|scope| {
        let send = |call: Call| scope.spawn(move || call.send().status);
        let threads: Vec<_> = requests.into_iter().map(send).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn platform_login(app: &TestApp, phone: &str, password: &str) -> Call {
    app.post("/api/platform/login")
        .json(&json!({ "users_phone": phone, "password": password }))
}

fn auth_with_password(app: &TestApp, collection: &str, identity: &str, password: &str) -> Call {
    app.post(&format!("{collection}/auth-with-password"))
        .json(&json!({ "identity": identity, "password": password }))
}

/// PocketBase answers each of them; here, too, as often as the same login comes.
#[test]
fn the_same_login_at_pocketbase_s_paths_is_no_repetition() {
    let root = Root::of(spawn());
    let app = &root.app;
    app.register("13800138000", PASSWORD).ok();
    for (collection, identity, password) in [
        (USERS, "13800138000", PASSWORD),
        (SUPERUSERS, superuser::EMAIL, PASSWORD),
    ] {
        let logins = || (0..12).map(|_| auth_with_password(app, collection, identity, password));
        assert_eq!(at_once(logins()), [200; 12], "{collection}, at once");
        let one_by_one = logins().map(|call| call.send().status);
        assert_eq!(one_by_one.collect::<Vec<_>>(), [200; 12], "{collection}");
    }
}

#[test]
fn changes_by_the_same_old_password_are_no_repetitions() {
    let app = spawn();
    let user = app.register("13800138000", PASSWORD).ok();
    let id = user["record"]["id"].as_str().unwrap();
    let token = user["token"].as_str().unwrap();
    let changes = (1..5).map(|n| {
        let change = json!({ "users_phone": format!("1380013800{n}"), "oldPassword": PASSWORD });
        app.call("PATCH", &format!("{USERS}/records/{id}"))
            .bearer(token)
            .json(&change)
    });
    assert_eq!(at_once(changes), [200; 4]);
}

#[test]
fn of_the_same_login_of_the_contract_at_once_one_is_answered_and_of_others_each() {
    let app = TestApp::spawn_with(|config| {
        config.limits.enabled = true;
        (config.password.log_n, config.password.threads) = (14, 1);
    });
    for phone in ["13800138000", "13800138001"] {
        app.register(phone, PASSWORD).ok();
    }
    let mut same = at_once((0..7).map(|_| platform_login(&app, "13800138000", PASSWORD)));
    same.sort_unstable();
    assert_eq!(same, [200, 429, 429, 429, 429, 429, 429]);
    let others = ["wrong 1234", "wrong 5678", PASSWORD]
        .map(|password| platform_login(&app, "13800138001", password));
    let mut others = at_once(others);
    others.sort_unstable();
    assert_eq!(others, [200, 400, 400]);
}

#[test]
fn a_wrong_password_is_no_obstacle_to_the_right_one() {
    let app = spawn();
    app.register("13800138000", PASSWORD).ok();
    let logins: [&dyn Fn(&str) -> Answer; 2] = [
        &|password| app.login("13800138000", password),
        &|password| auth_with_password(&app, USERS, "13800138000", password).send(),
    ];
    for login in logins {
        for password in ["wrong 1234", "wrong 1234", "wrong 5678"] {
            assert_eq!(login(password).status, 400);
        }
        assert_eq!(login(PASSWORD).status, 200);
    }
    assert_too_many(&platform_login(&app, "13800138000", PASSWORD).send(), "3");
}

/// The client repeats what failed, whoever's fault it was; a success still begins the time of repetitions.
#[test]
fn what_failed_is_no_repetition_and_succeeds_once_it_can() {
    let app = spawn();
    let token = app.wechat_token("alice~1");
    app.register("13800138009", PASSWORD).ok();
    let failures: [(fn() -> Reply, u16); 3] = [
        (
            || Reply::Json(json!({ "errcode": -1, "errmsg": "system error" })),
            500,
        ),
        (|| Reply::Raw(b"nonsense".to_vec()), 500),
        (
            || Reply::Json(json!({ "errcode": 40029, "errmsg": "invalid code" })),
            400,
        ),
    ];
    let login = || app.wechat_login("bob~1");
    let refresh = || {
        app.post("/api/system/refresh-token")
            .json(&json!({ "users_wx_code": "alice~2" }))
            .send()
    };
    let set_profile = || {
        app.post("/api/wechat/profile")
            .bearer(&token)
            .json(&profile("13900139000"))
            .send()
    };
    let requests: [&dyn Fn() -> Answer; 3] = [&login, &refresh, &set_profile];
    for request in requests {
        for (reply, status) in failures {
            app.stub
                .script(move |call| [SESSION, PHONE].contains(&&*call.path).then(reply));
            assert_eq!(request().status, status);
        }
        app.stub.script(|_| None);
        assert_eq!(request().status, 200);
        assert_too_many(&request(), "3");
    }
    let register = |password: &str| app.register("13800138009", password);
    assert_eq!(register("12345678").status, 400, "the phone is taken");
    assert_eq!(register("12345678").status, 400, "and still is");
}

#[test]
fn a_profile_that_is_corrected_at_once_is_no_repetition() {
    let app = spawn();
    let token = app.wechat_token("alice~1");
    for (name, status) in [("张三", 200), ("张三丰", 200), ("张三丰", 429)] {
        let mut body = profile("13900139000");
        body["users_name"] = json!(name);
        let call = app.post("/api/wechat/profile").bearer(&token).json(&body);
        assert_eq!(call.send().status, status, "{name}");
    }
}

/// As the SDK's README shows it for rendering on a server: each request refreshes.
#[test]
fn a_valid_token_refreshes_three_hundred_times_in_ten_seconds_at_each_door() {
    let root = Root::of(spawn());
    let app = &root.app;
    let refresh = |path: &str, token: &str| app.post(path).bearer(token).send();
    for path in [
        "/api/system/refresh-token".to_owned(),
        format!("{USERS}/auth-refresh"),
    ] {
        let (alice, bob) = (app.wechat_token("alice~1"), app.wechat_token("bob~1"));
        for _ in 0..300 {
            assert_eq!(refresh(&path, &alice).status, 200, "{path}");
        }
        let refused = refresh(&path, &alice);
        assert_eq!((refused.status, refused.header("retry-after")), (429, "11"));
        assert_eq!(refresh(&path, &bob).status, 200, "{path}");
        app.clock.advance(Duration::from_secs(11));
        assert_eq!(refresh(&path, &alice).status, 200, "{path}");
        app.clock.advance(Duration::from_secs(11));
    }
    let own = format!("{SUPERUSERS}/auth-refresh");
    for _ in 0..300 {
        assert_eq!(refresh(&own, &root.token).status, 200);
    }
    assert_eq!(refresh(&own, &root.token).status, 429);
}

#[test]
fn a_refused_body_does_not_count() {
    let app = spawn();
    let mut body = registration("13800138000", "12345678");
    body["users_name"] = json!("");
    assert_eq!(
        app.post("/api/platform/register").json(&body).send().status,
        400
    );
    assert_eq!(app.register("13800138000", "12345678").status, 200);
}
