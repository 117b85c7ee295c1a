//! A server with a superuser who is logged in, and what superusers do with records.

use bai::domain::{Email, PlainPassword};
use serde_json::{Value, json};

use crate::support::app::{Answer, Call, TestApp};
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{SUPERUSERS, USERS, path};

pub const EMAIL: &str = "root@example.com";

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
        Self {
            app,
            record: login["record"].clone(),
            token: login["token"].as_str().unwrap().to_owned(),
        }
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        self.app
            .call(method, path)
            .header("Authorization", &self.token)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    pub fn create(&self, collection: &str, body: &Value) -> Answer {
        self.call("POST", &format!("{collection}/records"))
            .json(body)
            .send()
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

    /// The events that `query` finds, newest first.
    pub fn events(&self, query: &str) -> Vec<Value> {
        self.get(&format!("/api/events?{query}")).ok()["items"]
            .as_array()
            .unwrap()
            .clone()
    }
}

/// A user as a superuser sees it, without what only superusers see.
pub fn as_others_see(user: &Value) -> Value {
    let mut user = user.clone();
    let unionid = user.as_object_mut().unwrap().shift_remove("unionid");
    assert!(unionid.is_some_and(|unionid| unionid.is_string()));
    user
}

/// The body with which a superuser creates a user.
pub fn person(n: u32, more: &Value) -> Value {
    let mut body = json!({
        "email": format!("user{n}@example.com"), "openid": format!("o_{n}"), "users_phone": format!("138{n:08}"),
        "users_name": format!("用户{n}"), "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

pub fn log_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({ "identity": email, "password": password });
    app.post(&format!("{SUPERUSERS}/auth-with-password"))
        .json(&body)
        .send()
}
