//! Sign-out of a superuser: one token ends, and no other.

use bai::domain::{IssuedToken, TokenId};
use bai::store::Location;
use serde_json::json;
use tempfile::TempDir;

use crate::support::app::{Answer, TestApp};
use crate::support::canary::PASSWORD;
use crate::support::pb_data::{self, PbData, SUPERUSER};
use crate::support::pocketbase_api::{SUPERUSERS, USERS, assert_error};
use crate::support::realtime_client::Client;
use crate::support::superuser::{EMAIL, Root, log_in};

const NOT_ALLOWED: &str = "The authorized record is not allowed to perform this action.";
const NO_TOKEN: &str = "The request requires valid record authorization token.";

fn spawn(dir: &TempDir) -> TestApp {
    let path = dir.path().join("bai.redb");
    TestApp::spawn_on(&Location::File(path.clone()), |config| {
        config.limits.enabled = true;
        config.store.path = path;
    })
}

fn sign_out(app: &TestApp, token: &str) -> Answer {
    let path = format!("{SUPERUSERS}/sign-out");
    app.post(&path).header("Authorization", token).send()
}

fn another_token(root: &Root) -> String {
    let login = log_in(&root.app, EMAIL, PASSWORD).ok();
    login["token"].as_str().unwrap().to_owned()
}

fn is_valid(app: &TestApp, token: &str) -> bool {
    let answer = app
        .get("/api/backups")
        .header("Authorization", token)
        .send();
    assert!([200, 401].contains(&answer.status), "{}", answer.text());
    answer.status == 200
}

/// The same token as version 0.1.0 wrote it.
fn dotted(token: &str) -> String {
    token.replace('~', ".")
}

#[test]
fn the_token_ends_for_good_and_others_of_the_same_superuser_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::of(spawn(&dir));
    let other = another_token(&root);
    let refreshed = root
        .call("POST", &format!("{SUPERUSERS}/auth-refresh"))
        .send()
        .ok();
    let refreshed = refreshed["token"].as_str().unwrap().to_owned();
    let path = format!(
        "{SUPERUSERS}/impersonate/{}",
        root.record["id"].as_str().unwrap()
    );
    let taken = root.call("POST", &path).send().ok();
    let taken = taken["token"].as_str().unwrap().to_owned();
    let ended = [root.token.clone(), taken];
    for token in &ended {
        assert!(is_valid(&root.app, token));
        assert_eq!(sign_out(&root.app, token).status, 204);
    }
    let hold = |app: &TestApp| {
        for token in &ended {
            assert!(!is_valid(app, token) && !is_valid(app, &dotted(token)));
            assert_error(&sign_out(app, token), 401, NO_TOKEN, &json!({}));
            let refresh = app.post(&format!("{SUPERUSERS}/auth-refresh"));
            let refresh = refresh.header("Authorization", token).send();
            assert_error(&refresh, 401, NO_TOKEN, &json!({}));
        }
        for token in [&other, &refreshed] {
            assert!(is_valid(app, token));
        }
    };
    hold(&root.app);
    let events = root.app.get("/api/events?kind=token-revoke");
    let events = events.header("Authorization", &other).send().ok();
    let event = &events["items"][0];
    assert_eq!(
        (&event["detail"], &event["subject"], &event["actor"]),
        (&json!("sign-out"), &root.record["id"], &json!("superuser"))
    );
    drop(root);
    hold(&spawn(&dir));
}

#[test]
fn only_a_superuser_signs_out_and_only_as_one() {
    let root = Root::new();
    let user = root.app.register("13800138000", PASSWORD).ok()["token"].clone();
    let user = user.as_str().unwrap();
    assert_error(&sign_out(&root.app, ""), 401, NO_TOKEN, &json!({}));
    assert_error(&sign_out(&root.app, "pb.x.y"), 401, NO_TOKEN, &json!({}));
    assert_error(&sign_out(&root.app, user), 403, NOT_ALLOWED, &json!({}));
    for collection in [
        USERS,
        "/api/collections/tbl_company",
        "/api/collections/nope",
    ] {
        let answer = root.call("POST", &format!("{collection}/sign-out")).send();
        assert_eq!(answer.status, 404, "{collection}");
    }
    assert!(is_valid(&root.app, &root.token));
}

#[test]
fn a_token_that_pocketbase_issued_ends_too() {
    let pb = PbData::with_users(1);
    let dir = tempfile::tempdir().unwrap();
    let (output, ..) = crate::support::binary::run(
        dir.path(),
        &["import", "pocketbase", pb.path().to_str().unwrap()],
    );
    assert!(output.status.success());
    let token =
        |seconds: i64| pb_data::token(pb_data::SUPERUSERS, SUPERUSER, 1_795_327_836 + seconds);
    let app = spawn(&dir);
    assert!(is_valid(&app, &token(60)) && is_valid(&app, &token(61)));
    assert_eq!(sign_out(&app, &token(60)).status, 204);
    assert!(!is_valid(&app, &token(60)) && is_valid(&app, &token(61)));
    drop(app);
    let app = spawn(&dir);
    assert!(!is_valid(&app, &token(60)) && is_valid(&app, &token(61)));
}

#[test]
fn a_restored_backup_brings_no_token_back() {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::of(spawn(&dir));
    let other = another_token(&root);
    root.app.clock.advance(std::time::Duration::from_secs(1));
    let made = root
        .call("POST", "/api/backups")
        .json(&json!({ "name": "a.redb" }));
    assert_eq!(made.send().status, 204);
    assert_eq!(sign_out(&root.app, &root.token).status, 204);
    let restore = root.app.post("/api/backups/a.redb/restore");
    assert_eq!(restore.header("Authorization", &other).send().status, 204);
    assert!(is_valid(&root.app, &other) && !is_valid(&root.app, &root.token));
}

/// What is remembered is bounded: when there is no room for one more, all tokens of that superuser end.
#[test]
fn a_full_list_of_ended_tokens_ends_all_of_the_superuser_and_time_makes_room() {
    let dir = tempfile::tempdir().unwrap();
    let root = Root::of(spawn(&dir));
    let other = another_token(&root);
    let now = root.app.clock.now();
    let store = &root.app.app.store;
    let fill = (0..10_000_u64).map(|n| IssuedToken {
        id: TokenId::of(&[n.to_le_bytes(), [0; 8]].concat()).unwrap(),
        expires: now + std::time::Duration::from_mins(1),
    });
    root.app.block_on(async {
        futures_util::future::join_all(fill.map(|token| store.end_token(token, now))).await
    });
    assert_eq!(sign_out(&root.app, &root.token).status, 204);
    assert!(!is_valid(&root.app, &root.token) && !is_valid(&root.app, &other));

    let (first, second) = (another_token(&root), another_token(&root));
    root.app.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(sign_out(&root.app, &first).status, 204);
    assert!(!is_valid(&root.app, &first) && is_valid(&root.app, &second));
}

#[test]
fn a_stream_hears_nothing_more_by_a_token_that_ended() {
    let mut root = Root::new();
    let users = ["tbl_auth_users/*"];
    let (mut ended, mut other) = (Client::connect(&root.app), Client::connect(&root.app));
    let token = another_token(&root);
    ended.subscribe(&root.app, &root.token, &users);
    other.subscribe(&root.app, &token, &users);
    root.user(1, &json!({}));
    assert_eq!(ended.hears().2, "用户1");
    assert_eq!(sign_out(&root.app, &root.token).status, 204);

    root.token = token;
    root.user(2, &json!({}));
    assert_eq!(
        (other.hears().2, other.hears().2),
        ("用户1".into(), "用户2".into())
    );
    ended.subscribe(&root.app, &root.token, &users);
    root.user(3, &json!({}));
    assert_eq!(ended.hears().2, "用户3");
}
