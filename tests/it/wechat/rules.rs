//! How WeChat's answers are taken: its error codes as a table, and the traps that other clients fell into.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::app::{TestApp, profile};
use crate::support::canary::{self, SESSION_KEY};
use crate::support::wechat_stub::{Call, PHONE, Reply, SESSION, TOKEN, response};

/// errcode, status at wechat/login, calls that a login makes, status at wechat/profile.
const CODES: [(i64, u16, usize, u16); 26] = [
    (-1, 500, 3, 500),
    (40001, 500, 1, 500),
    (40013, 500, 1, 500),
    (40014, 500, 1, 500),
    (40029, 400, 1, 400),
    (40125, 500, 1, 500),
    (40163, 400, 1, 400),
    (40164, 500, 1, 500),
    (40226, 400, 1, 400),
    (41002, 500, 1, 500),
    (41004, 500, 1, 500),
    (41008, 500, 1, 500),
    (42001, 500, 1, 500),
    (43002, 500, 1, 500),
    (44002, 500, 1, 500),
    (45009, 429, 1, 429),
    (45011, 429, 1, 429),
    (47001, 500, 1, 500),
    (45035, 500, 1, 500),
    (48001, 500, 1, 500),
    (48017, 500, 1, 500),
    (410, 500, 1, 500),
    (50002, 500, 1, 500),
    (50004, 500, 1, 500),
    (61004, 500, 1, 500),
    (99999, 500, 1, 400),
];

fn set_profile(app: &TestApp, token: &str, code: &str) -> crate::support::app::Answer {
    app.post("/api/wechat/profile")
        .bearer(token)
        .json(&profile(code))
        .send()
}

#[test]
fn every_error_code_has_its_status() {
    for (errcode, login_status, login_calls, profile_status) in CODES {
        let app = TestApp::spawn();
        let token = app.wechat_token("alice~1");
        app.stub
            .refuse(SESSION, errcode, "upstream words rid: 66c69111-4157f271");
        let login = app.wechat_login("bob~1");
        assert_eq!(login.status, login_status, "{errcode} at login");
        assert_eq!(
            app.stub.calls(SESSION).len(),
            1 + login_calls,
            "{errcode} at login"
        );
        app.stub
            .refuse(PHONE, errcode, "upstream words rid: 66c69111-4157f271");
        let answer = set_profile(&app, &token, "13900139000");
        assert_eq!(answer.status, profile_status, "{errcode} at profile");
        for answer in [&login, &answer] {
            assert!(
                !answer.text().contains("upstream")
                    && !answer.text().contains(&errcode.to_string())
            );
            assert_eq!(
                !answer.header("retry-after").is_empty(),
                answer.status == 429
            );
        }
        assert_eq!(
            app.post("/api/system/users-count").send().data()["total_users"],
            1
        );
    }
}

#[test]
fn a_busy_wechat_is_asked_again_and_a_code_used_up_meanwhile_is_a_refusal() {
    let app = TestApp::spawn();
    let count = AtomicUsize::new(0);
    app.stub.script(
        move |call| match (call.path.as_str(), count.fetch_add(1, Ordering::SeqCst)) {
            (SESSION, 0 | 2) => Some(Reply::Json(
                json!({ "errcode": -1, "errmsg": "system error" }),
            )),
            (SESSION, 3) => Some(Reply::Json(
                json!({ "errcode": 40163, "errmsg": "code been used" }),
            )),
            _ => None,
        },
    );
    assert_eq!(app.wechat_login("alice~1").status, 200);
    assert_eq!(app.stub.calls(SESSION).len(), 2);
    app.wechat_login("alice~2").assert_error(400, "重新获取");
    assert_eq!(app.stub.calls(SESSION).len(), 4);
}

#[test]
fn answers_of_odd_form_are_500_and_the_code_is_not_sent_again() {
    let odd: [fn() -> Reply; 10] = [
        || Reply::Raw(response("502 Bad Gateway", "<html>bad gateway</html>")),
        || Reply::Raw(response("200 OK", "<html>")),
        || Reply::Raw(response("200 OK", "")),
        || {
            Reply::Raw(response(
                "200 OK",
                &format!("{{\"openid\":\"{}\"}}", "x".repeat(1 << 20)),
            ))
        },
        || Reply::Raw(response("302 Found", "")),
        || Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"openid\":".to_vec()),
        || Reply::Raw(Vec::new()),
        || Reply::Json(json!({ "session_key": SESSION_KEY })),
        || Reply::Json(json!({ "openid": "" })),
        || Reply::Json(json!({ "openid": "\u{200b}\u{fffc}" })),
    ];
    for (n, reply) in odd.into_iter().enumerate() {
        let app = TestApp::spawn();
        app.stub.script(move |_| Some(reply()));
        app.wechat_login("alice~1")
            .assert_error(500, "服务端内部错误");
        assert_eq!(app.stub.calls(SESSION).len(), 1, "reply {n}");
    }
}

#[test]
fn errcode_zero_is_success_and_so_is_none() {
    let app = TestApp::spawn();
    app.stub.script(|call| {
        let zero =
            json!({ "errcode": 0, "errmsg": "ok", "openid": "oZERO", "session_key": SESSION_KEY, "unionid": "u" });
        (call.path == SESSION).then_some(Reply::Json(zero))
    });
    assert_eq!(app.wechat_login("x").ok()["record"]["openid"], "oZERO");
}

#[test]
fn a_silent_wechat_is_given_up_in_time_and_holds_up_nobody_else() {
    let app = TestApp::spawn_with(|config| config.wechat.timeout = Duration::from_millis(400));
    let token = app.wechat_token("alice~1");
    app.stub
        .script(|_| Some(Reply::Hang(Duration::from_secs(3))));
    let started = Instant::now();
    thread::scope(|scope| {
        let login = scope.spawn(|| app.wechat_login("bob~1"));
        assert_eq!(
            app.post("/api/system/refresh-token")
                .bearer(&token)
                .send()
                .status,
            200
        );
        login.join().unwrap().assert_error(500, "稍后重试");
    });
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_wechat_that_cannot_be_reached_is_500() {
    let app = TestApp::spawn_with(|config| config.wechat.base_url = "http://127.0.0.1:1".into());
    app.wechat_login("alice~1").assert_error(500, "稍后重试");
}

#[test]
fn several_quota_refusals_in_a_row_stop_the_calls_for_a_while() {
    let app = TestApp::spawn();
    app.stub
        .refuse(SESSION, 45011, "api minute-quota reach limit");
    for n in 0..6 {
        let answer = app.wechat_login(&format!("alice~{n}"));
        answer.assert_error(429, "60 秒");
        assert_eq!(answer.header("retry-after"), "60");
    }
    assert_eq!(app.stub.calls(SESSION).len(), 3);
    app.stub.script(|_| None);
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(app.wechat_login("alice~9").status, 200);
}

/// A WeChat whose access tokens are numbered; the first `dead` of them are refused by the phone call.
fn numbered_tokens(
    app: &TestApp,
    dead: usize,
    renews: impl Fn(&Value, usize) -> usize + Send + Sync + 'static,
) {
    let fetched = AtomicUsize::new(0);
    app.stub.script(move |call: &Call| match call.path.as_str() {
        TOKEN => {
            let n = renews(&call.body, fetched.fetch_add(1, Ordering::SeqCst));
            Some(Reply::Json(json!({ "access_token": format!("canary-token-{n}"), "expires_in": 7200 })))
        }
        PHONE => {
            let n: usize = call.query["access_token"].strip_prefix("canary-token-").unwrap().parse().unwrap();
            let info = json!({ "purePhoneNumber": "13900139000", "phoneNumber": "13900139000", "countryCode": 86, "watermark": { "timestamp": 1, "appid": "wx_test" } });
            Some(Reply::Json(match n < dead {
                true => json!({ "errcode": 42001, "errmsg": "access_token expired" }),
                false => json!({ "errcode": 0, "errmsg": "ok", "phone_info": info }),
            }))
        }
        _ => None,
    });
}

#[test]
fn one_access_token_serves_many_phone_calls() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    numbered_tokens(&app, 0, |_, n| n);
    for _ in 0..3 {
        assert_eq!(set_profile(&app, &token, "code").status, 200);
    }
    let fetches = app.stub.calls(TOKEN);
    assert_eq!(fetches.len(), 1);
    assert_eq!(fetches[0].method, "POST");
    assert_eq!(fetches[0].body["grant_type"], "client_credential");
    assert_eq!(fetches[0].body["force_refresh"], false);
}

#[test]
fn a_dead_access_token_is_renewed_once_and_the_call_repeated() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    numbered_tokens(&app, 1, |_, n| n);
    assert_eq!(set_profile(&app, &token, "code").status, 200);
    assert_eq!(
        (app.stub.calls(TOKEN).len(), app.stub.calls(PHONE).len()),
        (2, 2)
    );
}

#[test]
fn a_renewal_is_forced_only_when_wechat_keeps_giving_the_dead_token() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    numbered_tokens(&app, 1, |body, _| {
        usize::from(body["force_refresh"] == true)
    });
    assert_eq!(set_profile(&app, &token, "code").status, 200);
    let forced: Vec<_> = app
        .stub
        .calls(TOKEN)
        .iter()
        .map(|call| call.body["force_refresh"] == true)
        .collect();
    assert_eq!(forced, [false, false, true]);
}

#[test]
fn endless_dead_tokens_end_in_500_without_endless_calls() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    numbered_tokens(&app, usize::MAX, |_, n| n);
    set_profile(&app, &token, "code").assert_error(500, "稍后重试");
    assert_eq!(app.stub.calls(PHONE).len(), 3);
}

#[test]
fn five_hundred_profiles_with_an_expired_access_token_fetch_one() {
    let app = TestApp::spawn_with(|config| config.wechat.max_concurrent = 300);
    let tokens: Vec<_> = (0..500)
        .map(|n| app.wechat_token(&format!("u{n}~1")))
        .collect();
    numbered_tokens(&app, 0, |_, n| n);
    assert_eq!(set_profile(&app, &tokens[0], "code").status, 200);
    app.clock.advance(Duration::from_hours(2));
    let statuses: Vec<u16> = thread::scope(|scope| {
        let profile = |token: &String| set_profile(&app, token, "code").status;
        let threads: Vec<_> = tokens
            .iter()
            .map(|token| scope.spawn(move || profile(token)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(app.stub.calls(TOKEN).len(), 2);
    assert_eq!(app.stub.calls(PHONE).len(), 501);
    // The phone is the same for all, so only the one who has it may set it.
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(
        statuses.iter().filter(|status| **status == 400).count(),
        499
    );
}

#[test]
fn login_does_not_depend_on_the_access_token() {
    let app = TestApp::spawn();
    app.stub
        .script(|call| (call.path == TOKEN).then_some(Reply::Hang(Duration::from_secs(2))));
    assert_eq!(app.wechat_login("alice~1").status, 200);
}

#[test]
fn a_phone_number_is_put_together_from_its_country_code() {
    let phones = [
        (json!(""), "13900139000", Some("13900139000")),
        (json!(null), "13900139000", Some("13900139000")),
        (json!(" + "), "13900139000", Some("13900139000")),
        (json!(0), "13900139000", Some("13900139000")),
        (json!(""), "2125550100", None),
        (json!(""), "91234567", None),
        (
            json!("+86"),
            "\u{202d}13900139000\u{202c}",
            Some("13900139000"),
        ),
        (json!("44"), "07911123456", Some("+447911123456")),
        (json!("86"), "13900139000", Some("13900139000")),
        (json!(86), "13900139000", Some("13900139000")),
        (json!("852"), "91234567", Some("+85291234567")),
        (json!(1), "2125550100", Some("+12125550100")),
        (json!("86"), "12", None),
    ];
    for (country_code, number, stored) in phones {
        let app = TestApp::spawn();
        let token = app.wechat_token("alice~1");
        app.stub.script(move |call| {
            let info =
                json!({ "phoneNumber": "ignored", "purePhoneNumber": number, "countryCode": country_code });
            (call.path == PHONE).then(|| Reply::Json(json!({ "errcode": 0, "phone_info": info })))
        });
        let answer = set_profile(&app, &token, "code");
        match stored {
            Some(phone) => assert_eq!(answer.data()["user"]["users_phone"], phone),
            None => answer.assert_error(500, "稍后重试"),
        }
    }
}

#[test]
fn a_phone_number_for_another_app_is_refused() {
    let app = TestApp::spawn_with(|config| config.wechat.app_id = "wx_other".into());
    let token = app.wechat_token("alice~1");
    set_profile(&app, &token, "13900139000").assert_error(500, "稍后重试");
}

#[test]
fn binding_the_phone_code_to_the_user_can_be_switched_off() {
    let app = TestApp::spawn_with(|config| config.wechat.bind_phone_code = false);
    let token = app.wechat_token("alice~1");
    assert_eq!(set_profile(&app, &token, "13900139000").status, 200);
    assert_eq!(
        app.stub.calls(PHONE)[0].body,
        json!({ "code": canary::code("13900139000") })
    );
}
