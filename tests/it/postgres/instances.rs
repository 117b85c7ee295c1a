//! Several servers on one database: one user system, whichever of them is asked.

use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::app::Answer;
use crate::support::canary::PASSWORD;
use crate::support::instance::{Instance, token, two};
use crate::support::pocketbase_api::{COMPANIES, SUPERUSERS, USERS, path};
use crate::support::postgres::{sql, wait_until};
use crate::support::realtime_client::Client;

const NEW_PASSWORD: &str = "canary-new-password";
/// Time in which what one server changes holds on all.
const SOON: Duration = Duration::from_secs(1);

/// Answers of both servers to requests that are sent to them at once.
fn at_once<T: Send>(servers: &[Instance; 2], ask: impl Fn(usize, &Instance) -> T + Sync) -> [T; 2] {
    let [first, second] = servers;
    thread::scope(|scope| {
        let other = scope.spawn(|| ask(1, second));
        [ask(0, first), other.join().unwrap()]
    })
}

fn user_id(login: &Answer) -> Value {
    login.ok()["record"]["id"].clone()
}

/// Asserts that it is so within a second from now.
fn holds_soon(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    wait_until(what, is_so);
    let took = begun.elapsed();
    assert!(took < SOON, "{what}: after {took:?}");
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn the_same_new_openid_on_both_at_once_makes_one_user() {
    let (url, servers) = two();
    for round in 0..50 {
        let ids = at_once(&servers, |n, server| {
            user_id(&server.wechat_login(&format!("twin{round}~{n}")))
        });
        assert_eq!(ids[0], ids[1], "round {round}");
    }
    let counts = [
        sql::value(&url, "SELECT count(*) FROM users"),
        sql::value(&url, "SELECT users FROM totals"),
    ];
    assert_eq!(counts, ["50", "50"]);
    assert_eq!(servers.each_ref().map(Instance::users), [Some(50); 2]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn the_same_phone_registered_on_both_at_once_is_one_s_and_taken_for_the_other() {
    let (_, servers) = two();
    for round in 0..20 {
        let phone = format!("138{round:08}");
        let answers = at_once(&servers, |_, server| server.register(&phone));
        let mut statuses = answers.each_ref().map(|answer| answer.status);
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "{phone}");
        let refused = answers.iter().find(|answer| answer.status == 400);
        refused.unwrap().assert_error(400, "手机号已存在");
    }
    assert_eq!(servers.each_ref().map(Instance::users), [Some(20); 2]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_token_of_one_is_good_at_the_other_until_its_sessions_are_ended_at_one() {
    let (_, [one, other]) = two();
    let (_, root) = one.set_up();
    let registered = one.register("13800000001");
    let (id, first) = (user_id(&registered), token(&registered));
    assert_eq!([one.refresh(&first), other.refresh(&first)], [200; 2]);

    let password = json!({ "password": NEW_PASSWORD, "passwordConfirm": NEW_PASSWORD });
    let changed = one.call("PATCH", &path(USERS, &id)).bearer(&root);
    assert_eq!(changed.json(&password).send().status, 200);
    assert_eq!(other.refresh(&first), 401, "the password is another one");
    assert_eq!(other.login("13800000001", PASSWORD).status, 400);

    let second = token(&other.login("13800000001", NEW_PASSWORD));
    assert_eq!([one.refresh(&second), other.refresh(&second)], [200; 2]);
    let ended = json!({ "tokenKey:autogenerate": "" });
    let ended = other
        .call("PATCH", &path(USERS, &id))
        .bearer(&root)
        .json(&ended);
    assert_eq!(ended.send().status, 200);
    assert_eq!([one.refresh(&second), other.refresh(&second)], [401; 2]);
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn a_superuser_who_signs_out_at_one_is_out_at_the_other() {
    let (_, [one, other]) = two();
    one.set_up();
    for (here, there) in [(&one, &other), (&other, &one)] {
        let mut tokens = [(); 2].map(|()| token(&here.superuser_login()));
        let [gone, stays] = &mut tokens;
        let sign_out = here.post(&format!("{SUPERUSERS}/sign-out")).bearer(gone);
        assert_eq!(sign_out.send().status, 204);
        assert_eq!(keys(there, gone).status, 401, "signed out");
        assert_eq!(keys(there, stays).status, 200, "another token of theirs");
    }
}

/// Request that only superusers may make.
fn keys(server: &Instance, token: &str) -> Answer {
    server.get("/api/keys").bearer(token).send()
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn tokens_of_a_key_that_was_made_on_one_are_good_at_the_other_at_once() {
    let (_, [one, other]) = two();
    let (_, root) = one.set_up();
    for round in 0..10 {
        let (here, there) = match round % 2 {
            0 => (&one, &other),
            _ => (&other, &one),
        };
        assert_eq!(here.post("/api/keys").bearer(&root).send().status, 200);
        let new = token(&here.wechat_login(&format!("keys~{round}")));
        assert_eq!(there.refresh(&new), 200, "round {round}");
        assert_eq!(keys(there, &token(&here.superuser_login())).status, 200);
    }
    thread::sleep(SOON);
    let known = [&one, &other].map(|server| keys(server, &root).ok());
    assert_eq!(known[0], known[1]);
    let issued = [&one, &other].map(|server| key_of(&token(&server.wechat_login("keys~last"))));
    assert_eq!(issued[0], issued[1], "both use the newest key");
}

/// Name of a token's key, which is its last part.
fn key_of(token: &str) -> String {
    token.rsplit(['~', '.']).next().unwrap().to_owned()
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn rules_that_are_changed_on_one_hold_on_the_other_within_a_second() {
    let (_, [one, other]) = two();
    let (_, root) = one.set_up();
    let companies = format!("{COMPANIES}/records");
    for (rule, status) in [(json!(""), 200), (json!(null), 403), (json!(""), 200)] {
        let changed = one.call("PATCH", COMPANIES).bearer(&root);
        assert_eq!(
            changed.json(&json!({ "listRule": rule })).send().status,
            200
        );
        holds_soon("the rule", || other.get(&companies).send().status == status);
        let shown = other.get(COMPANIES).bearer(&root).send().ok();
        assert_eq!(shown["listRule"], rule);
    }
}

#[test]
#[ignore = "needs PostgreSQL 15; .ci/run runs it"]
fn changes_through_one_reach_a_subscriber_of_the_other_in_order_and_once() {
    const CHANGES: usize = 200;
    let (_, [one, other]) = two();
    let (_, root) = one.set_up();
    let id = user_id(&one.wechat_login("watched"));
    // What was committed before is told by now.
    thread::sleep(SOON);
    let mut client = Client::over(connection(&other));
    let body = json!({ "clientId": client.id, "subscriptions": [format!("tbl_auth_users/{}", id.as_str().unwrap())] });
    let subscribe = other.post("/api/realtime").bearer(&root).json(&body);
    assert_eq!(subscribe.send().status, 204);
    let (acknowledged, times) = mpsc::channel();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..CHANGES {
                let change = one.call("PATCH", &path(USERS, &id)).bearer(&root);
                let change = change.json(&json!({ "users_name": format!("name {n}") }));
                assert_eq!(change.send().status, 200);
                acknowledged.send(Instant::now()).unwrap();
            }
        });
        for n in 0..CHANGES {
            let (_, action, name) = client.hears();
            assert_eq!((action.as_str(), name), ("update", format!("name {n}")));
            // It may come before the answer to who made the change.
            let heard = Instant::now();
            let late = heard.saturating_duration_since(times.recv().unwrap());
            assert!(late < SOON, "change {n}: {late:?} late");
        }
        writer.join().unwrap();
    });
}

fn connection(server: &Instance) -> TcpStream {
    TcpStream::connect(server.base.trim_start_matches("http://")).unwrap()
}
