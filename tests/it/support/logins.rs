//! Users and superusers who are logged in.

use bai::auth::create_superuser;
use bai::domain::{Email, PlainPassword, RecordId};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;

/// A superuser who is logged in.
pub fn superuser(app: &TestApp, email: &str) -> (RecordId, String) {
    let password = PlainPassword::new(PASSWORD.to_owned()).unwrap();
    let made = app.block_on(create_superuser(
        &app.app,
        Email::parse(email).unwrap(),
        password,
    ));
    (made.unwrap().id, superuser_token(app, email))
}

/// A new token of a superuser.
pub fn superuser_token(app: &TestApp, email: &str) -> String {
    let login = json!({ "identity": email, "password": PASSWORD });
    let answer = app
        .post("/api/collections/_superusers/auth-with-password")
        .json(&login)
        .send()
        .ok();
    answer["token"].as_str().unwrap().to_owned()
}

/// A user who is logged in.
pub fn user(app: &TestApp, phone: &str) -> (RecordId, String) {
    let answer = app.register(phone, PASSWORD).ok();
    let id = RecordId::parse(answer["record"]["id"].as_str().unwrap()).unwrap();
    (id, answer["token"].as_str().unwrap().to_owned())
}
