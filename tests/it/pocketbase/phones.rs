//! Phones by PocketBase's API: whose they are to change.

use serde_json::{Value, json};

use crate::support::app::{TestApp, profile};
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{USERS, assert_error, path};
use crate::support::superuser::Root;

const NOT_FOUND: &str = "The requested resource wasn't found.";
const PHONE: &str = "13900139000";

/// A WeChat user with a phone from WeChat and a password from a superuser: the record and a token.
fn wechat_user(root: &Root) -> (Value, String) {
    let token = root.app.wechat_token("alice~1");
    let set = root
        .app
        .post("/api/wechat/profile")
        .bearer(&token)
        .json(&profile(PHONE));
    let id = set.send().data()["user"]["pb_id"].clone();
    let password = json!({ "password": PASSWORD, "passwordConfirm": PASSWORD });
    let record = root.update(USERS, &id, &password).ok();
    (record, root.app.wechat_token("alice~2"))
}

/// Each answer is a real PocketBase's to a rule with `users_phone:changed = false` for WeChat users.
#[test]
fn a_wechat_user_s_phone_is_changed_by_wechat_only() {
    let root = Root::new();
    let (record, token) = wechat_user(&root);
    let own = path(USERS, &record["id"]);
    for (body, status) in [
        (json!({ "users_phone": "13800138000" }), 404),
        (
            json!({ "users_phone": "13800138000", "oldPassword": PASSWORD }),
            404,
        ),
        (json!({ "users_phone": "" }), 404),
        (json!({ "users_phone": null }), 404),
        (json!({ "users_phone": "139 0013 9000" }), 404),
        (json!({ "users_phone": 13_900_139_001_i64 }), 404),
        (json!({ "users_phone": "123" }), 404),
        (
            json!({ "users_name": "x", "users_phone": "13800138000" }),
            404,
        ),
        (json!({ "users_phone": PHONE }), 200),
        (json!({ "users_phone": 13_900_139_000_i64 }), 200),
        (json!({ "users_name": "李四" }), 200),
    ] {
        let call = root.app.call("PATCH", &own).header("Authorization", &token);
        let answer = call.json(&body).send();
        match status {
            404 => assert_error(&answer, 404, NOT_FOUND, &json!({})),
            _ => assert_eq!(answer.ok()["users_phone"], PHONE, "{body}"),
        }
        for method in ["PATCH", "PUT"] {
            let mut body = body.clone();
            body["id"] = record["id"].clone();
            let url = match method {
                "PATCH" => own.clone(),
                _ => format!("{USERS}/records"),
            };
            let batch = json!({ "requests": [{ "method": method, "url": url, "body": body }] });
            let call = root.app.post("/api/batch").header("Authorization", &token);
            let answer = call.json(&batch).send();
            let expected = if status == 404 { 400 } else { 200 };
            assert_eq!(answer.status, expected, "{method} {body}");
        }
    }
    let kept = root.get(&own).ok();
    assert_eq!(kept["users_phone"], PHONE);
    assert_eq!(root.app.register("13800138000", PASSWORD).status, 200);
}

#[test]
fn wechat_and_superusers_change_the_phone_of_a_wechat_user() {
    let root = Root::new();
    let (record, token) = wechat_user(&root);
    let set = root
        .app
        .post("/api/wechat/profile")
        .bearer(&token)
        .json(&profile("13700137000"));
    assert_eq!(set.send().data()["user"]["users_phone"], "13700137000");
    for phone in ["13800138000", ""] {
        let changed = root.update(USERS, &record["id"], &json!({ "users_phone": phone }));
        assert_eq!(changed.ok()["users_phone"], phone);
    }
}

#[test]
fn a_platform_user_changes_the_phone_with_the_old_password() {
    let app = TestApp::spawn();
    let login = app.register("13800138000", PASSWORD).ok();
    let own = path(USERS, &login["record"]["id"]);
    let token = login["token"].as_str().unwrap();
    for (body, status) in [
        (json!({ "users_phone": PHONE }), 400),
        (
            json!({ "users_phone": PHONE, "oldPassword": "canary-wrong" }),
            400,
        ),
        (
            json!({ "users_phone": PHONE, "oldPassword": PASSWORD }),
            200,
        ),
    ] {
        let call = app.call("PATCH", &own).header("Authorization", token);
        assert_eq!(call.json(&body).send().status, status, "{body}");
    }
    assert_eq!(app.login(PHONE, PASSWORD).status, 200);
}
