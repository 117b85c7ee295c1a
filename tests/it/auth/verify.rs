//! The answer to a proxy that asks whose token came with a request: a user who may log in is named, and nobody else passes.

use std::time::Duration;

use bai::domain::Status;
use bai::store::Location;
use serde_json::json;

use crate::support::app::{Answer, TestApp};
use crate::support::canary::PASSWORD;
use crate::support::logins::{superuser, user};
use crate::support::pb_data::{self, PbData, user_id};
use crate::support::pocketbase_api::{USERS, path};
use crate::support::superuser::Root;

const VERIFY: &str = "/api/auth/verify";
const HEADERS: [&str; 4] = [
    "x-bai-user-id",
    "x-bai-openid",
    "x-bai-idtype",
    "x-bai-rank",
];

fn verify(app: &TestApp, token: &str) -> Answer {
    app.get(VERIFY).bearer(token).send()
}

fn named(answer: &Answer) -> [&str; 4] {
    HEADERS.map(|name| answer.header(name))
}

/// Asserts that nobody is named, and that nobody is let in.
fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.text());
    assert_eq!(answer.header("www-authenticate"), "Bearer", "{what}");
    assert_eq!(named(answer), [""; 4], "{what}");
}

#[test]
fn a_user_is_named_in_headers_and_there_is_no_body() {
    let app = TestApp::spawn();
    let login = app.wechat_login("alice~1").ok();
    let (id, token) = (&login["record"]["id"], login["token"].as_str().unwrap());
    let expected = [id.as_str().unwrap(), "o_alice", "WeChat", "0"];
    for method in ["GET", "HEAD"] {
        for token in [format!("Bearer {token}"), token.to_owned()] {
            let answer = app
                .call(method, VERIFY)
                .header("Authorization", &token)
                .send();
            assert_eq!((answer.status, answer.body.len()), (200, 0), "{method}");
            assert_eq!(named(&answer), expected, "{method}");
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    let (id, token) = user(&app, "13800138000");
    app.change_user(&id, |user| user.rank_level = -3);
    let answer = verify(&app, &token);
    assert_eq!(answer.header("x-bai-idtype"), "ManagePlatform");
    assert_eq!(answer.header("x-bai-rank"), "-3");
}

#[test]
fn an_openid_that_is_no_header_s_comes_percent_encoded() {
    let root = Root::new();
    let odd = json!({ "openid": "张三%7" });
    let made = root.user(1, &odd);
    let login = json!({ "users_phone": "13800000001", "password": PASSWORD });
    let login = root
        .app
        .post("/api/platform/login")
        .json(&login)
        .send()
        .ok();
    let answer = verify(&root.app, login["token"].as_str().unwrap());
    assert_eq!(answer.header("x-bai-user-id"), made["id"].as_str().unwrap());
    assert_eq!(answer.header("x-bai-openid"), "%E5%BC%A0%E4%B8%89%257");
}

#[test]
fn whoever_is_no_user_that_may_log_in_is_refused() {
    let app = TestApp::spawn();
    let (_, root) = superuser(&app, "root@example.com");
    assert_refused(&app.get(VERIFY).send(), "no token");
    for other in ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer pb.x.y"] {
        let answer = app.get(VERIFY).header("Authorization", other).send();
        assert_refused(&answer, other);
    }
    assert_refused(&verify(&app, &root), "a superuser's");
    let (id, token) = user(&app, "13800138000");
    let files = app
        .post("/api/files/token")
        .header("Authorization", &token)
        .send()
        .ok();
    assert_refused(&verify(&app, files["token"].as_str().unwrap()), "for files");
    assert_eq!(verify(&app, &token).status, 200);
    app.change_user(&id, |user| user.status = Status::Disabled);
    assert_refused(&verify(&app, &token), "disabled");
    let (id, token) = user(&app, "13800138001");
    let own = path(USERS, &id.as_str().into());
    let end = json!({ "tokenKey:autogenerate": "" });
    app.call("PATCH", &own)
        .header("Authorization", &root)
        .json(&end)
        .send()
        .ok();
    assert_refused(&verify(&app, &token), "revoked");
    let (id, token) = user(&app, "13800138002");
    let own = path(USERS, &id.as_str().into());
    let gone = app
        .call("DELETE", &own)
        .header("Authorization", &root)
        .send();
    assert_eq!(gone.status, 204);
    assert_refused(&verify(&app, &token), "deleted");
    let (_, token) = user(&app, "13800138003");
    let lifetime = app.app.config.token.lifetime;
    app.clock
        .advance(lifetime.saturating_sub(Duration::from_secs(1)));
    assert_eq!(verify(&app, &token).status, 200);
    app.clock.advance(Duration::from_secs(1));
    assert_refused(&verify(&app, &token), "expired");
}

/// A proxy passes on what clients send: a token elsewhere is none, and headers of ours in a request say nothing.
#[test]
fn nothing_but_authorization_is_looked_at() {
    let app = TestApp::spawn();
    let (id, token) = user(&app, "13800138000");
    let elsewhere = app
        .get(&format!("{VERIFY}?token={token}&access_token={token}"))
        .header("Cookie", &format!("token={token}; pb_auth={token}"))
        .header("X-Authorization", &token)
        .header("X-Bai-User-Id", id.as_str())
        .send();
    assert_refused(&elsewhere, "elsewhere");
    let forged = app
        .get(VERIFY)
        .bearer(&token)
        .header("X-Bai-User-Id", "forged");
    assert_eq!(forged.send().header("x-bai-user-id"), id.as_str());
    for method in ["POST", "PUT", "DELETE"] {
        let answer = app.call(method, VERIFY).bearer(&token).send();
        assert!(answer.status >= 400, "{method} {}", answer.status);
    }
}

#[test]
fn tokens_that_pocketbase_issued_count_where_they_count_elsewhere() {
    let pb = PbData::with_users(1);
    let dir = tempfile::tempdir().unwrap();
    let folder = pb.path().to_str().unwrap();
    let (output, ..) = crate::support::binary::run(dir.path(), &["import", "pocketbase", folder]);
    assert!(output.status.success());
    let exp = 1_795_327_836 + 3600;
    let old = pb_data::token(pb_data::USERS, &user_id(1), exp);
    let root = pb_data::token(pb_data::SUPERUSERS, pb_data::SUPERUSER, exp);
    let location = Location::File(dir.path().join("bai.redb"));
    {
        let app = TestApp::spawn_on(&location, |_| ());
        assert_eq!(verify(&app, &old).header("x-bai-user-id"), user_id(1));
        assert_refused(&verify(&app, &root), "a superuser's of PocketBase");
    }
    let app = TestApp::spawn_on(&location, |config| config.token.accept_pocketbase = false);
    assert_refused(&verify(&app, &old), "not accepted");
}

/// A proxy that is not trusted is one address for all who come through it: wrong tokens of some hold up nobody.
#[test]
fn many_questions_from_one_address_are_all_answered() {
    let app = TestApp::spawn_with(|config| config.limits.enabled = true);
    let (_, token) = user(&app, "13800138000");
    for n in 0..500 {
        assert_refused(&verify(&app, &format!("pb.{n}")), "a guess");
        assert_eq!(verify(&app, &token).status, 200);
    }
    assert_eq!(app.login("13800138000", PASSWORD).status, 200);
}
