//! Arbitrary bodies to every endpoint: refused or taken, and never an error of ours. (The harness holds each answer
//! against the envelope and the document; the parsers of tokens, phones and stored bytes are fuzzed beside their code.)

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use crate::support::app::TestApp;

/// The endpoints, each with the fields that it reads.
const ENDPOINTS: [(&str, &[&str]); 8] = [
    ("/api/system/test-helloworld", &[]),
    ("/api/system/health", &[]),
    ("/api/system/users-count", &[]),
    ("/api/system/refresh-token", &["users_wx_code"]),
    ("/api/wechat/login", &["users_wx_code"]),
    (
        "/api/wechat/profile",
        &["users_name", "users_phone_code", "users_picture"],
    ),
    (
        "/api/platform/register",
        &[
            "users_name",
            "users_phone",
            "password",
            "passwordConfirm",
            "users_picture",
            "users_type",
            "company_id",
            "users_level",
        ],
    ),
    ("/api/platform/login", &["users_phone", "password"]),
];
const CASES: u32 = 100;

/// Any JSON, down to a few levels.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..6).prop_map(Value::from_iter),
        ]
    })
}

/// What a field may hold: mostly what is nearly right.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => any::<String>().prop_map(Value::from),
        2 => "1[3-9][0-9]{9}".prop_map(Value::from),
        2 => "\\PC{8,80}".prop_map(Value::from),
        1 => "[ \\t\\r\\n\\u{0}\\u{200b}\\u{ffff}]{0,5}".prop_map(Value::from),
        1 => "x{60,300}".prop_map(Value::from),
        1 => any_json(),
    ]
}

/// An object with some of `fields`.
fn any_object(fields: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let values = vec(proptest::option::weighted(0.9, any_value()), fields.len());
    (values, any::<bool>()).prop_map(|(values, confirmed)| {
        let given = fields
            .iter()
            .zip(values)
            .filter_map(|(field, value)| Some((*field, value?)));
        let mut object: Value = given.collect();
        if confirmed && object.get("password").is_some() {
            object["passwordConfirm"] = object["password"].clone();
        }
        object
    })
}

fn any_body(fields: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => any_object(fields).prop_map(|object| object.to_string().into_bytes()),
        1 => any_json().prop_map(|json| json.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..200),
        // JSON that was damaged on its way.
        1 => (any_object(fields), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(object, at, byte)| {
            let mut bytes = object.to_string().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        }),
    ]
}

#[test]
fn no_body_is_answered_with_an_error_of_ours() {
    let app = TestApp::spawn();
    let token = app.wechat_token("alice~1");
    let mut bodiless = 0;
    for (path, fields) in ENDPOINTS {
        let mut runner = TestRunner::new(Config {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..Config::with_cases(CASES)
        });
        let outcome = runner.run(&any_body(fields), |body| {
            let call = app
                .post(path)
                .header("Content-Type", "application/json")
                .body(&body);
            let answer = if fields.contains(&"users_phone_code") {
                call.bearer(&token)
            } else {
                call
            }
            .send();
            prop_assert!(answer.status < 500, "{}: {}", answer.status, answer.text());
            Ok(())
        });
        outcome.unwrap_or_else(|e| panic!("{path}: {e}"));
        bodiless +=
            usize::from(app.post(path).bearer(&token).json(&json!({})).send().status == 200);
    }
    // Bodies do not matter to four of them.
    assert_eq!(bodiless, 4);
    let users = app.post("/api/system/users-count").send().data()["total_users"]
        .as_u64()
        .unwrap();
    assert!(users > 10, "hardly a body was taken: {users} users");
}

#[test]
fn no_body_is_answered_with_an_error_of_ours_by_pocketbase_s_endpoints_either() {
    const USERS: &str = "/api/collections/tbl_auth_users";
    const LOGIN: &[&str] = &["identity", "password", "identityField"];
    const RECORD: &[&str] = &[
        "users_name",
        "users_phone",
        "users_type",
        "users_level",
        "company_id",
    ];
    const PROTECTED: &[&str] = &[
        "openid",
        "users_status",
        "email",
        "verified",
        "password",
        "oldPassword",
        "id",
    ];
    let app = TestApp::spawn();
    let login = app.wechat_login("alice~1").ok();
    let token = login["token"].as_str().unwrap();
    let record = format!(
        "{USERS}/records/{}",
        login["record"]["id"].as_str().unwrap()
    );
    let mut answered = 0;
    for (method, path, fields) in [
        ("POST", format!("{USERS}/auth-with-password"), LOGIN),
        ("POST", format!("{USERS}/request-verification"), &["email"]),
        ("PATCH", record.clone(), RECORD),
        ("PATCH", record, PROTECTED),
    ] {
        let mut runner = TestRunner::new(Config {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..Config::with_cases(CASES)
        });
        let outcome = runner.run(&any_body(fields), |body| {
            let call = app
                .call(method, &path)
                .header("Content-Type", "application/json")
                .body(&body);
            let answer = call.bearer(token).send();
            prop_assert!(answer.status < 500, "{}: {}", answer.status, answer.text());
            Ok(())
        });
        outcome.unwrap_or_else(|e| panic!("{path}: {e}"));
        answered += usize::from(
            app.call(method, &path)
                .bearer(token)
                .json(&json!({}))
                .send()
                .status
                == 200,
        );
    }
    assert_eq!(answered, 2, "the token is good to the end");
}
