//! Paths, calls and errors of PocketBase's HTTP API.

use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};

pub const USERS: &str = "/api/collections/tbl_auth_users";
pub const SUPERUSERS: &str = "/api/collections/_superusers";
pub const COMPANIES: &str = "/api/collections/tbl_company";
pub const ONLY_SUPERUSERS: &str = "Only superusers can perform this action.";

/// The paths of the contract.
pub const CONTRACT: [&str; 8] = [
    "/api/system/users-count",
    "/api/system/test-helloworld",
    "/api/system/health",
    "/api/system/refresh-token",
    "/api/wechat/login",
    "/api/wechat/profile",
    "/api/platform/login",
    "/api/platform/register",
];

/// True if the errors of a path have PocketBase's form.
pub fn speaks_at(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    (path == "/api" || path.starts_with("/api/")) && !CONTRACT.contains(&path)
}

pub fn path(collection: &str, id: &Value) -> String {
    format!("{collection}/records/{}", id.as_str().unwrap())
}

pub fn log_in(app: &TestApp, body: &Value) -> Answer {
    app.post(&format!("{USERS}/auth-with-password"))
        .json(body)
        .send()
}

/// Asserts the whole error, byte for byte.
pub fn assert_error(answer: &Answer, status: u16, message: &str, data: &Value) {
    let expected = format!(r#"{{"data":{data},"message":"{message}","status":{status}}}"#);
    assert_eq!(answer.text(), expected);
    assert_eq!(answer.status, status);
}

pub fn fields(fields: &[(&str, (&str, &str))]) -> Value {
    let error = |(name, (code, message)): &(&str, (&str, &str))| {
        (
            (*name).to_owned(),
            json!({ "code": code, "message": message }),
        )
    };
    Value::Object(fields.iter().map(error).collect())
}
