//! Superusers: their logins, and the collection of them.

use bai::domain::{Email, PlainPassword};
use serde_json::{Value, json};

use crate::app::{Answer, Call, TestApp, profile};
use crate::canary::PASSWORD;
use crate::pocketbase::{USERS, assert_error, fields};

pub const SUPERUSERS: &str = "/api/collections/_superusers";
pub const COMPANIES: &str = "/api/collections/tbl_company";
pub const ONLY_SUPERUSERS: &str = "Only superusers can perform this action.";
const NO_TOKEN: &str = "The request requires valid record authorization token.";
const NOT_FOUND: &str = "The requested resource wasn't found.";
const EMAIL: &str = "root@example.com";

/// A server with a superuser who is logged in.
pub struct Root {
    pub app: TestApp,
    pub record: Value,
    pub token: String,
}

impl Root {
    pub fn new() -> Self {
        Self::of(TestApp::spawn())
    }

    pub fn of(app: TestApp) -> Self {
        let password = PlainPassword::new(PASSWORD.to_owned()).unwrap();
        let made = bai::auth::create_superuser(&app.app, Email::parse(EMAIL).unwrap(), password);
        app.block_on(made).unwrap();
        let login = log_in(&app, EMAIL, PASSWORD).ok();
        Self { app, record: login["record"].clone(), token: login["token"].as_str().unwrap().to_owned() }
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        self.app.call(method, path).header("Authorization", &self.token)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    pub fn create(&self, collection: &str, body: &Value) -> Answer {
        self.call("POST", &format!("{collection}/records")).json(body).send()
    }

    pub fn update(&self, collection: &str, id: &Value, body: &Value) -> Answer {
        self.call("PATCH", &path(collection, id)).json(body).send()
    }

    pub fn delete(&self, collection: &str, id: &Value) -> Answer {
        self.call("DELETE", &path(collection, id)).send()
    }

    /// A user made by the superuser, told apart by a number, changed by `more`.
    pub fn user(&self, n: u32, more: &Value) -> Value {
        self.create(USERS, &person(n, more)).ok()
    }
}

pub fn path(collection: &str, id: &Value) -> String {
    format!("{collection}/records/{}", id.as_str().unwrap())
}

/// What a superuser makes a user of.
pub fn person(n: u32, more: &Value) -> Value {
    let mut body = json!({
        "email": format!("user{n}@example.com"), "openid": format!("o_{n}"), "users_phone": format!("138{n:08}"),
        "users_name": format!("用户{n}"), "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

pub fn log_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({ "identity": email, "password": password });
    app.post(&format!("{SUPERUSERS}/auth-with-password")).json(&body).send()
}

#[test]
fn a_superuser_s_token_is_good_for_superusers_and_is_no_user_s() {
    let root = Root::new();
    let keys: Vec<_> = root.record.as_object().unwrap().keys().cloned().collect();
    let expected = [
        "collectionId",
        "collectionName",
        "created",
        "email",
        "emailVisibility",
        "id",
        "updated",
        "verified",
    ];
    assert_eq!(keys, expected);
    let refreshed = root.call("POST", &format!("{SUPERUSERS}/auth-refresh")).send().ok();
    assert_eq!(refreshed["record"], root.record);
    let other = root.call("POST", &format!("{USERS}/auth-refresh")).send();
    let message = "The request requires auth record from _superusers collection.";
    assert_error(&other, 403, message, &json!({}));
    root.app.post("/api/system/refresh-token").bearer(&root.token).send().assert_error(401, "");
    let set_profile = root.app.post("/api/wechat/profile").bearer(&root.token).json(&profile("13900139000"));
    set_profile.send().assert_error(401, "");
    let user = root.app.register("13800138000", PASSWORD).ok()["token"].as_str().unwrap().to_owned();
    let refresh = root.app.post(&format!("{SUPERUSERS}/auth-refresh")).bearer(&user).send();
    assert_error(
        &refresh,
        403,
        "The request requires auth record from tbl_auth_users collection.",
        &json!({}),
    );
}

#[test]
fn a_wrong_password_of_a_superuser_is_refused_like_an_unknown_one() {
    let root = Root::new();
    for (email, password) in
        [(EMAIL, "canary-wrong"), ("nobody@example.com", PASSWORD), ("ROOT@example.com", PASSWORD)]
    {
        assert_error(&log_in(&root.app, email, password), 400, "Failed to authenticate.", &json!({}));
    }
}

#[test]
fn nobody_else_sees_superusers() {
    let root = Root::new();
    let token = root.app.register("13800138000", PASSWORD).ok()["token"].as_str().unwrap().to_owned();
    let own = path(SUPERUSERS, &root.record["id"]);
    let list = format!("{SUPERUSERS}/records");
    for (method, path) in [("GET", &list), ("GET", &own), ("POST", &list), ("PATCH", &own), ("DELETE", &own)]
    {
        for call in [root.app.call(method, path), root.app.call(method, path).bearer(&token)] {
            assert_error(&call.send(), 403, ONLY_SUPERUSERS, &json!({}));
        }
    }
    let all = root.get(&format!("{list}?filter=email~'example'&sort=-email")).ok();
    assert_eq!((&all["items"], &all["totalItems"]), (&json!([root.record]), &json!(1)));
    assert_eq!(root.get(&own).ok(), root.record);
}

#[test]
fn superusers_make_and_remove_superusers_but_not_the_last_one() {
    let root = Root::new();
    let (required, blank) = ("validation_required", "Cannot be blank.");
    let login = json!({ "password": PASSWORD, "passwordConfirm": PASSWORD });
    for (body, expected) in [
        (json!({}), fields(&[("password", (required, blank)), ("passwordConfirm", (required, blank))])),
        (login, fields(&[("email", (required, blank))])),
        (
            json!({ "email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD }),
            fields(&[("email", ("validation_not_unique", "Value must be unique."))]),
        ),
    ] {
        assert_error(&root.create(SUPERUSERS, &body), 400, "Failed to create record.", &expected);
    }
    let body = json!({
        "email": "second@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": false,
    });
    let second = root.create(SUPERUSERS, &body).ok();
    assert_eq!(second["verified"], true, "whatever the body says");
    assert_eq!(log_in(&root.app, "second@example.com", PASSWORD).status, 200);
    assert_eq!(root.delete(SUPERUSERS, &second["id"]).status, 204);
    assert_error(&root.delete(SUPERUSERS, &second["id"]), 404, NOT_FOUND, &json!({}));
    assert_eq!(log_in(&root.app, "second@example.com", PASSWORD).status, 400);
    let last = root.delete(SUPERUSERS, &root.record["id"]);
    assert_error(&last, 400, "You can't delete the only existing superuser.", &json!({}));
}

#[test]
fn a_new_password_or_address_ends_a_superuser_s_tokens() {
    let root = Root::new();
    let refresh = |token: &str| root.app.post(&format!("{SUPERUSERS}/auth-refresh")).bearer(token).send();
    let seen = root.update(SUPERUSERS, &root.record["id"], &json!({ "emailVisibility": true })).ok();
    assert_eq!(seen["emailVisibility"], true);
    assert_eq!(refresh(&root.token).status, 200);
    let new = "canary-new-password";
    let change = json!({ "password": new, "passwordConfirm": new });
    root.update(SUPERUSERS, &root.record["id"], &change).ok();
    assert_error(&refresh(&root.token), 401, NO_TOKEN, &json!({}));
    assert_eq!(log_in(&root.app, EMAIL, PASSWORD).status, 400);
    let token = log_in(&root.app, EMAIL, new).ok()["token"].as_str().unwrap().to_owned();
    let own = path(SUPERUSERS, &root.record["id"]);
    let change = json!({ "email": "other@example.com" });
    let changed = root.app.call("PATCH", &own).bearer(&token).json(&change).send().ok();
    assert_eq!(changed["email"], "other@example.com");
    assert_error(&refresh(&token), 401, NO_TOKEN, &json!({}));
    assert_eq!(log_in(&root.app, "other@example.com", new).status, 200);
}
