//! 429: guessed phones and passwords, dear phone lookups, and whom they are held against.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use bai::config::Config;
use bai::domain::{RecordId, Status};
use serde_json::json;

use crate::support::app::{Answer, Call, TestApp, profile, registration};
use crate::support::wechat_stub::{PHONE, Reply};

const RIGHT: &str = "12345678";
const WRONG: &str = "87654321";
const ALICE: &str = "13800138000";
const HOME: &str = "203.0.113.1";

/// Behind a proxy, and with repetitions refused for as short a time as can be.
fn configure(config: &mut Config) {
    config.limits.enabled = true;
    config.limits.duplicate_window = Duration::from_millis(1);
    config.server.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    config.password.queue = 1000;
}

/// With alice, who registered from a place that is in no test.
fn spawn() -> TestApp {
    let app = TestApp::spawn_with(configure);
    register(&app, "192.0.2.1", ALICE);
    app
}

fn register(app: &TestApp, source: &str, phone: &str) {
    let call = app
        .post("/api/platform/register")
        .json(&registration(phone, RIGHT));
    assert_eq!(call.header("X-Forwarded-For", source).send().status, 200);
}

fn login_call(app: &TestApp, source: &str, phone: &str, password: &str) -> Call {
    let body = json!({ "users_phone": phone, "password": password });
    app.post("/api/platform/login")
        .json(&body)
        .header("X-Forwarded-For", source)
}

fn login(app: &TestApp, source: &str, phone: &str, password: &str) -> Answer {
    app.clock.advance(Duration::from_millis(1));
    login_call(app, source, phone, password).send()
}

#[track_caller]
fn assert_refused(answer: &Answer, retry_after: u64) {
    answer.assert_error(429, "尝试次数过多");
    assert_eq!(answer.header("retry-after"), retry_after.to_string());
}

/// Fails `times` times, waiting as long as it takes.
fn fail(app: &TestApp, source: &str, phone: &str, times: usize) {
    for _ in 0..times {
        app.clock.advance(Duration::from_secs(10));
        login(app, source, phone, WRONG).assert_error(400, "密码错误");
    }
}

/// The answers to these logins at once, by status.
fn at_once(app: &TestApp, logins: &[(String, String)]) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    thread::scope(|scope| {
        let send = |(source, phone): &(String, String)| {
            login_call(app, source, phone, WRONG).send().status
        };
        let threads: Vec<_> = logins
            .iter()
            .map(|login| scope.spawn(move || send(login)))
            .collect();
        for thread in threads {
            *statuses.entry(thread.join().unwrap()).or_default() += 1;
        }
    });
    statuses
}

fn phone(number: usize) -> String {
    format!("139{number:08}")
}

#[test]
fn after_five_failures_the_pair_waits_longer_and_longer() {
    let app = spawn();
    register(&app, "192.0.2.1", "13800138001");
    fail(&app, HOME, ALICE, 4);
    login(&app, HOME, ALICE, WRONG).assert_error(400, "密码错误");
    for wait in [1, 3, 5, 10, 10, 10] {
        assert_refused(&login(&app, HOME, ALICE, RIGHT), wait);
        app.clock.advance(Duration::from_millis(wait * 1000 - 3));
        assert_refused(&login(&app, HOME, ALICE, RIGHT), 1);
        assert_eq!(login(&app, HOME, "13800138001", RIGHT).status, 200);
        login(&app, HOME, ALICE, WRONG).assert_error(400, "密码错误");
    }
    assert_eq!(login(&app, "203.0.113.2", ALICE, RIGHT).status, 200);
    assert_refused(&login(&app, HOME, ALICE, RIGHT), 10);
}

#[test]
fn a_success_or_a_quiet_day_forgets_the_pair_s_failures() {
    let app = spawn();
    for pause in [Duration::from_secs(10), Duration::from_hours(24)] {
        fail(&app, HOME, ALICE, 7);
        app.clock.advance(pause);
        if pause < Duration::from_hours(1) {
            assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 200);
        }
        for _ in 0..5 {
            login(&app, HOME, ALICE, WRONG).assert_error(400, "密码错误");
        }
        assert_refused(&login(&app, HOME, ALICE, RIGHT), 1);
        app.clock.advance(Duration::from_hours(24));
    }
}

#[test]
fn a_hundred_wrong_passwords_a_day_are_checked_for_a_phone_but_a_familiar_source_goes_on() {
    let app = spawn();
    assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 200);
    for stranger in 0..25 {
        for _ in 0..4 {
            login(&app, &format!("198.51.100.{stranger}"), ALICE, WRONG)
                .assert_error(400, "密码错误");
        }
    }
    let until_midnight = |app: &TestApp| {
        u64::try_from(86_400_000 - app.clock.now_ms() % 86_400_000)
            .unwrap()
            .div_ceil(1000)
    };
    for source in ["198.51.100.1", "198.51.100.200"] {
        let refused = login(&app, source, ALICE, RIGHT);
        assert_refused(&refused, until_midnight(&app));
    }
    assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 200);
    fail(&app, HOME, ALICE, 5);
    assert_refused(&login(&app, HOME, ALICE, RIGHT), 1);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 200);
    app.clock.advance(Duration::from_secs(until_midnight(&app)));
    assert_eq!(login(&app, "198.51.100.1", ALICE, RIGHT).status, 200);
}

#[test]
fn a_familiar_source_that_fails_a_hundred_times_is_a_stranger_again() {
    let app = spawn();
    assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 200);
    fail(&app, HOME, ALICE, 100);
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 429);
    assert_eq!(login(&app, "192.0.2.1", ALICE, RIGHT).status, 200);
}

#[test]
fn a_stranger_s_attempts_are_no_repetitions_of_the_owner_s() {
    let app = TestApp::spawn_with(|config| {
        configure(config);
        config.limits.duplicate_window = Duration::from_secs(3);
    });
    register(&app, HOME, ALICE);
    login(&app, "198.51.100.1", ALICE, WRONG).assert_error(400, "密码错误");
    assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 200);
    login(&app, HOME, ALICE, RIGHT).assert_error(429, "重复请求");
}

#[test]
fn whoever_waits_as_told_is_let_in() {
    let app = TestApp::spawn_with(|config| {
        configure(config);
        config.limits.duplicate_window = Duration::from_secs(3);
    });
    register(&app, "192.0.2.1", ALICE);
    fail(&app, HOME, ALICE, 5);
    for wait in [1, 3, 5, 10] {
        assert_refused(&login(&app, HOME, ALICE, WRONG), wait);
        app.clock.advance(Duration::from_secs(wait));
        login(&app, HOME, ALICE, WRONG).assert_error(400, "密码错误");
    }
}

#[test]
fn twenty_unknown_phones_in_ten_minutes_stop_a_source_and_tell_it_nothing_more() {
    let app = spawn();
    register(&app, "203.0.113.9", "13800138001");
    assert_eq!(login(&app, HOME, "13800138001", RIGHT).status, 200);
    for n in 0..20 {
        login(&app, HOME, &phone(n % 15), WRONG).assert_error(404, "平台用户不存在");
    }
    let (unknown, known) = (
        login(&app, HOME, &phone(99), WRONG),
        login(&app, HOME, ALICE, RIGHT),
    );
    assert_refused(&unknown, 600);
    assert_refused(&known, 600);
    assert_eq!(unknown.body, known.body);
    assert_eq!(
        login(&app, HOME, "13800138001", RIGHT).status,
        200,
        "this source has logged in with it"
    );
    assert_eq!(
        login(&app, "203.0.113.2", ALICE, RIGHT).status,
        200,
        "this is another source"
    );
    app.clock.advance(Duration::from_mins(10));
    assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 200);
    login(&app, HOME, &phone(99), WRONG).assert_error(404, "平台用户不存在");
}

#[test]
fn a_burst_of_wrong_passwords_gets_no_more_than_its_share() {
    let app = spawn();
    let burst = vec![(HOME.to_owned(), ALICE.to_owned()); 50];
    let mut checked = 0;
    for _ in 0..8 {
        checked += at_once(&app, &burst).get(&400).copied().unwrap_or_default();
        app.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(checked, 5);
}

#[test]
fn a_burst_from_many_sources_gets_a_hundred_passwords_checked() {
    let app = spawn();
    let burst: Vec<_> = (0..150)
        .map(|n| (format!("198.51.100.{n}"), ALICE.to_owned()))
        .collect();
    assert_eq!(
        at_once(&app, &burst),
        BTreeMap::from([(400, 100), (429, 50)])
    );
}

#[test]
fn a_burst_of_unknown_phones_gets_twenty_answers() {
    let app = spawn();
    let burst: Vec<_> = (0..60).map(|n| (HOME.to_owned(), phone(n))).collect();
    assert_eq!(
        at_once(&app, &burst),
        BTreeMap::from([(404, 20), (429, 40)])
    );
}

#[test]
fn known_phones_of_one_carrier_do_not_count_as_unknown() {
    let app = spawn();
    for n in 0..60 {
        register(&app, &format!("198.51.100.{n}"), &phone(n));
    }
    let crowd: Vec<_> = (0..60).map(|n| (HOME.to_owned(), phone(n))).collect();
    assert_eq!(at_once(&app, &crowd), BTreeMap::from([(400, 60)]));
}

#[test]
fn the_right_password_of_a_disabled_user_is_no_failure() {
    let app = spawn();
    let user = login(&app, HOME, ALICE, RIGHT).ok();
    let id = RecordId::parse(user["record"]["id"].as_str().unwrap()).unwrap();
    app.change_user(&id, |user| user.status = Status::Disabled);
    for _ in 0..10 {
        login(&app, HOME, ALICE, RIGHT).assert_error(400, "停用");
    }
}

#[test]
fn a_full_password_queue_is_held_against_nobody() {
    let app = TestApp::spawn_with(|config| {
        configure(config);
        (
            config.password.log_n,
            config.password.threads,
            config.password.queue,
        ) = (13, 1, 1);
    });
    register(&app, "192.0.2.1", ALICE);
    let burst: Vec<_> = (0..90)
        .map(|n| (format!("198.51.100.{n}"), ALICE.to_owned()))
        .collect();
    let statuses = at_once(&app, &burst);
    assert!(statuses.contains_key(&429), "{statuses:?}");
    assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 200);
    let wrong = statuses[&400];
    for n in 0..100 - wrong {
        login(&app, &format!("203.0.113.{n}"), ALICE, WRONG).assert_error(400, "密码错误");
    }
    assert_eq!(login(&app, "203.0.113.200", ALICE, WRONG).status, 429);
}

#[test]
fn wechat_is_asked_for_five_phones_of_a_user_in_an_hour() {
    let app = spawn();
    let (alice, bob) = (app.wechat_token("alice~1"), app.wechat_token("bob~1"));
    let set_profile = |token: &str, code: &str| {
        app.clock.advance(Duration::from_millis(1));
        app.post("/api/wechat/profile")
            .bearer(token)
            .json(&profile(code))
            .send()
    };
    let mut incomplete = profile("13900139000");
    incomplete["users_name"] = json!("");
    for n in 0..5 {
        assert_eq!(
            app.post("/api/wechat/profile")
                .bearer(&alice)
                .json(&incomplete)
                .send()
                .status,
            400
        );
        let phone = if n < 4 {
            format!("1390013900{n}")
        } else {
            "bad".to_owned()
        };
        assert_eq!(
            set_profile(&alice, &phone).status,
            if n < 4 { 200 } else { 400 }
        );
    }
    assert_refused(&set_profile(&alice, "13900139009"), 3600);
    assert_eq!(app.stub.calls(PHONE).len(), 5);
    assert_eq!(set_profile(&bob, "13900139010").status, 200);
    app.clock.advance(Duration::from_hours(1));
    assert_eq!(set_profile(&alice, "13900139009").status, 200);
}

#[test]
fn a_lookup_that_wechat_s_quota_refused_does_not_count() {
    let app = spawn();
    let token = app.wechat_token("alice~1");
    let call = || {
        app.clock.advance(Duration::from_mins(2));
        app.post("/api/wechat/profile")
            .bearer(&token)
            .json(&profile("13900139000"))
            .send()
    };
    app.stub.script(|call| {
        let refusal = json!({ "errcode": 45011, "errmsg": "too often" });
        (call.path == PHONE).then(|| Reply::Json(refusal))
    });
    for _ in 0..8 {
        call().assert_error(429, "频繁");
    }
    app.stub.script(|_| None);
    assert_eq!(call().status, 200);
}

#[test]
fn forged_headers_of_an_untrusted_peer_share_one_bucket() {
    let app = TestApp::spawn_with(|config| {
        configure(config);
        config.server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    });
    for n in 0..30 {
        let status = login(&app, &format!("198.51.100.{n}"), &phone(n), WRONG).status;
        assert_eq!(status, if n < 20 { 404 } else { 429 });
    }
}

#[test]
fn forged_headers_in_front_of_a_trusted_proxy_s_own_share_one_bucket() {
    let app = spawn();
    for n in 0..30 {
        let status = login(
            &app,
            &format!("198.51.100.{n}, 127.0.0.1, {HOME}"),
            &phone(n),
            WRONG,
        )
        .status;
        assert_eq!(status, if n < 20 { 404 } else { 429 });
    }
    for n in 0..30 {
        let status = login(
            &app,
            &format!("198.51.100.{n}, not an address"),
            &phone(n),
            WRONG,
        )
        .status;
        assert_eq!(status, if n < 20 { 404 } else { 429 });
    }
}

#[test]
fn headers_on_several_lines_are_one_chain() {
    let app = spawn();
    for n in 0..30 {
        let call = login_call(&app, &format!("198.51.100.{n}"), &phone(n), WRONG);
        let status = call
            .header("X-Forwarded-For", HOME)
            .header("X-Forwarded-For", "127.0.0.1")
            .send()
            .status;
        assert_eq!(status, if n < 20 { 404 } else { 429 });
    }
}

#[test]
fn a_thousand_clients_behind_a_trusted_proxy_have_a_thousand_buckets() {
    let app = spawn();
    for n in 0..1000 {
        let source = format!("198.51.{}.{}", 100 + n / 250, n % 250);
        login(&app, &source, &phone(n), WRONG).assert_error(404, "平台用户不存在");
    }
    fail(&app, HOME, ALICE, 5);
    assert_eq!(login(&app, HOME, ALICE, RIGHT).status, 429);
    for n in 0..90 {
        login(&app, &format!("198.51.100.{n}"), ALICE, WRONG).assert_error(400, "密码错误");
    }
}

#[test]
fn an_ipv6_source_is_its_64() {
    let app = spawn();
    for n in 0..30 {
        let status = login(
            &app,
            &format!("2001:db8:1:2:{n:x}::{n:x}"),
            &phone(n),
            WRONG,
        )
        .status;
        assert_eq!(status, if n < 20 { 404 } else { 429 });
        login(
            &app,
            &format!("2001:db8:1:{:x}::1", 100 + n),
            &phone(n),
            WRONG,
        )
        .assert_error(404, "不存在");
    }
}

#[test]
fn nothing_is_counted_when_limits_are_off() {
    let app = TestApp::spawn();
    app.register(ALICE, RIGHT).ok();
    let token = app.wechat_token("alice~1");
    for n in 0..120 {
        app.login(ALICE, WRONG).assert_error(400, "密码错误");
        app.login(&phone(n), WRONG)
            .assert_error(404, "平台用户不存在");
        if n < 10 {
            let call = app
                .post("/api/wechat/profile")
                .bearer(&token)
                .json(&profile("13900139000"));
            assert_eq!(call.send().status, 200);
        }
    }
}
