//! Tokens as clients hold them.

use bai::domain::{RecordId, TokenKey};
use bai::store::Location;
use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::app::TestApp;

const REFRESH: &str = "/api/system/refresh-token";

#[test]
fn the_stock_sdk_s_reading_of_a_token_is_right() {
    let app = TestApp::spawn();
    let login = app.wechat_login("alice~1").ok();
    let token = login["token"].as_str().unwrap();
    let parts: Vec<_> = token.split('.').collect();
    // Python's SDK wants just three.
    assert_eq!((parts.len(), parts[0]), (3, "pb"));
    assert!(parts[2].starts_with("v4~local~"));
    let claims = base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(parts[1])
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let expires = app.clock.now().as_second() + 5 * 86_400;
    let record = &login["record"];
    let expected = json!({ "collectionId": record["collectionId"], "exp": expires, "id": record["id"], "type": "auth" });
    assert_eq!(claims, expected);
}

#[test]
fn changing_the_token_key_ends_all_tokens_of_that_user_at_once() {
    let app = TestApp::spawn();
    let login = app.wechat_login("alice~1").ok();
    let (first, second) = (
        login["token"].as_str().unwrap(),
        app.wechat_token("alice~2"),
    );
    let other = app.wechat_token("bob~1");
    let id = RecordId::parse(login["record"]["id"].as_str().unwrap()).unwrap();
    app.change_user(&id, |user| user.token_key = TokenKey::new([1; 16]));
    for token in [first, &second] {
        app.post(REFRESH)
            .bearer(token)
            .send()
            .assert_error(401, "token");
    }
    assert_eq!(app.post(REFRESH).bearer(&other).send().status, 200);
    assert_eq!(
        app.post(REFRESH)
            .bearer(&app.wechat_token("alice~3"))
            .send()
            .status,
        200
    );
}

#[test]
fn a_token_of_another_server_is_refused() {
    let (ours, theirs) = (TestApp::spawn(), TestApp::spawn());
    let token = ours.wechat_token("alice~1");
    assert_eq!(ours.post(REFRESH).bearer(&token).send().status, 200);
    theirs
        .post(REFRESH)
        .bearer(&token)
        .send()
        .assert_error(401, "token");
}

#[test]
fn tokens_survive_a_restart_because_keys_live_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = || Location::File(dir.path().join("bai.redb"));
    let app = TestApp::spawn_on(&file(), |_| ());
    let token = app.wechat_token("alice~1");
    drop(app);
    let app = TestApp::spawn_on(&file(), |_| ());
    assert_eq!(app.post(REFRESH).bearer(&token).send().status, 200);
    assert_eq!(
        app.wechat_login("alice~2").ok()["meta"]["data"]["status"],
        "login_success"
    );
}
