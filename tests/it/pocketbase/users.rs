//! PocketBase's own API, as its SDKs use it: what a real PocketBase answered to the same requests is what is held here.

use std::thread;
use std::time::Duration;

use bai::domain::{RecordId, Status};
use serde_json::{Value, json};

use crate::support::app::{Answer, Call, TestApp};
use crate::support::canary::PASSWORD;
use crate::support::http_request::slow_body;
use crate::support::pocketbase_api::{USERS, assert_error, fields, log_in};

const WRONG_PASSWORD: &str = "canary-wrong";
const NEW_PASSWORD: &str = "canary-new-password";

const SOMETHING: &str = "Something went wrong while processing your request.";
const NOT_FOUND: &str = "The requested resource wasn't found.";
const INVALID: &str = "An error occurred while validating the submitted data.";
const NO_TOKEN: &str = "The request requires valid record authorization token.";
const NOT_UPDATED: &str = "Failed to update record.";
const BLANK: (&str, &str) = ("validation_required", "Cannot be blank.");
const MISMATCH: (&str, &str) = ("validation_values_mismatch", "Values don't match.");

/// A platform user who is logged in.
struct Owner {
    app: TestApp,
    record: Value,
    token: String,
}

impl Owner {
    fn new() -> Self {
        Self::of(TestApp::spawn())
    }

    fn of(app: TestApp) -> Self {
        let answer = app.register("13800138000", PASSWORD).ok();
        let token = answer["token"].as_str().unwrap().to_owned();
        Self {
            app,
            record: answer["record"].clone(),
            token,
        }
    }

    fn path(&self) -> String {
        format!("{USERS}/records/{}", self.record["id"].as_str().unwrap())
    }

    /// As the SDK sends it: the bare token.
    fn call(&self, method: &str, path: &str) -> Call {
        self.app
            .call(method, path)
            .header("Authorization", &self.token)
    }

    fn patch(&self, body: &Value) -> Answer {
        self.call("PATCH", &self.path()).json(body).send()
    }

    fn log_in(&self, identity: &Value, password: &str) -> Answer {
        log_in(
            &self.app,
            &json!({ "identity": identity, "password": password }),
        )
    }
}

#[test]
fn health_is_pocketbase_s() {
    let app = TestApp::spawn();
    let health = app.get("/api/health").send();
    assert_eq!(
        (health.status, health.header("content-type")),
        (200, "application/json")
    );
    assert_eq!(
        health.text(),
        r#"{"message":"API is healthy.","code":200,"data":{}}"#
    );
    assert_eq!(
        app.get("/api/health?fields=code").send().text(),
        r#"{"code":200}"#
    );
    let head = app.call("HEAD", "/api/health").send();
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn the_login_methods_are_listed() {
    let app = TestApp::spawn();
    let listed = app
        .get(&format!(
            "{USERS}/auth-methods?fields=mfa,otp,password,oauth2"
        ))
        .send();
    assert_eq!(
        listed.text(),
        concat!(
            r#"{"password":{"identityFields":["email","openid","users_phone"],"enabled":true},"#,
            r#""oauth2":{"providers":[],"enabled":false},"mfa":{"enabled":false,"duration":0},"#,
            r#""otp":{"enabled":false,"duration":0}}"#
        )
    );
}

#[test]
fn a_user_logs_in_by_email_openid_or_phone() {
    let owner = Owner::new();
    for field in ["email", "openid", "users_phone"] {
        for identity_field in ["", field] {
            let identity = &owner.record[field];
            let body = json!({ "identity": identity, "password": PASSWORD, "identityField": identity_field });
            let answer = log_in(&owner.app, &body).ok();
            assert_eq!(
                answer.as_object().unwrap().keys().collect::<Vec<_>>(),
                ["record", "token"]
            );
            assert_eq!(answer["record"], owner.record);
        }
        let other = if field == "email" { "openid" } else { "email" };
        let body = json!({ "identity": owner.record[field], "password": PASSWORD, "identityField": other });
        assert_error(
            &log_in(&owner.app, &body),
            400,
            "Failed to authenticate.",
            &json!({}),
        );
    }
    let picked = owner.app.post(&format!(
        "{USERS}/auth-with-password?fields=token,record.id"
    ));
    let picked = picked
        .json(&json!({ "identity": "13800138000", "password": PASSWORD }))
        .send()
        .ok();
    assert_eq!(picked["record"], json!({ "id": owner.record["id"] }));
    assert!(picked["token"].as_str().unwrap().starts_with("pb."));
}

/// The order of keys is held against the contract's endpoint, which is held against PocketBase's.
#[test]
fn a_record_is_the_one_that_the_contract_s_login_shows() {
    let owner = Owner::new();
    let shown = serde_json::to_string(&owner.record).unwrap();
    let collection = "/api/collections/pbc_421601843";
    let view = owner
        .call("GET", &owner.path().replace(USERS, collection))
        .send();
    assert_eq!((view.status, view.text()), (200, shown.as_str()));
    let list = owner.call("GET", &format!("{collection}/records")).send();
    let expected =
        format!(r#"{{"items":[{shown}],"page":1,"perPage":30,"totalItems":1,"totalPages":1}}"#);
    assert_eq!(list.text(), expected);
}

#[test]
fn every_failed_login_is_the_same_400() {
    let owner = Owner::new();
    let alice = owner.app.wechat_login("alice~1").ok()["record"].clone();
    let taken = &owner.record;
    for (identity, password) in [
        (&taken["users_phone"], WRONG_PASSWORD),
        (&taken["openid"], WRONG_PASSWORD),
        (&taken["users_phone"], &"canary".repeat(30)),
        (&taken["id"], PASSWORD),
        (&json!("13800138001"), PASSWORD),
        (&json!("nobody"), PASSWORD),
        (&json!("nobody@manage.local"), PASSWORD),
        (&json!("a@b.cn"), PASSWORD),
        (&alice["openid"], PASSWORD),
        (&alice["email"], PASSWORD),
    ] {
        let answer = owner.log_in(identity, password);
        assert_error(&answer, 400, "Failed to authenticate.", &json!({}));
    }
    let id = RecordId::parse(taken["id"].as_str().unwrap()).unwrap();
    owner
        .app
        .change_user(&id, |user| user.email = Some("new@b.cn".into()));
    let old_email = owner.log_in(&taken["email"], PASSWORD);
    assert_error(&old_email, 400, "Failed to authenticate.", &json!({}));
    owner
        .app
        .change_user(&id, |user| user.status = Status::Disabled);
    let disabled = owner.log_in(&taken["users_phone"], PASSWORD);
    assert_error(&disabled, 400, "Failed to authenticate.", &json!({}));
}

#[test]
fn a_form_says_which_fields_are_wrong() {
    let owner = Owner::new();
    let length = json!({
        "code": "validation_length_out_of_range", "message": "The length must be between 1 and 255.",
        "params": { "max": 255, "min": 1 },
    });
    let long = "canary".repeat(50);
    let both_blank = fields(&[("identity", BLANK), ("password", BLANK)]);
    let not_email = fields(&[(
        "email",
        ("validation_is_email", "Must be a valid email address."),
    )]);
    let own_email = fields(&[(
        "newEmail",
        ("validation_not_in_invalid", "Must not be in list."),
    )]);
    for (path, body, expected) in [
        ("auth-with-password", json!({}), both_blank.clone()),
        (
            "auth-with-password",
            json!({ "identity": "", "password": null }),
            both_blank,
        ),
        (
            "auth-with-password",
            json!({ "identity": "x" }),
            fields(&[("password", BLANK)]),
        ),
        (
            "auth-with-password",
            json!({ "identity": long, "password": long }),
            json!({ "identity": length, "password": length }),
        ),
        (
            "auth-with-password",
            json!({ "identity": "x", "password": PASSWORD, "identityField": "nope" }),
            fields(&[(
                "identityField",
                ("validation_in_invalid", "Must be a valid value."),
            )]),
        ),
        (
            "request-password-reset",
            json!({}),
            fields(&[("email", BLANK)]),
        ),
        (
            "request-password-reset",
            json!({ "email": "x" }),
            not_email.clone(),
        ),
        (
            "request-verification",
            json!({ "email": "" }),
            fields(&[("email", BLANK)]),
        ),
        ("request-verification", json!({ "email": "x" }), not_email),
        (
            "request-email-change",
            json!({}),
            fields(&[("newEmail", BLANK)]),
        ),
        (
            "request-email-change",
            json!({ "newEmail": owner.record["email"] }),
            own_email,
        ),
    ] {
        let answer = owner
            .call("POST", &format!("{USERS}/{path}"))
            .json(&body)
            .send();
        assert_error(&answer, 400, INVALID, &expected);
    }
}

#[test]
fn mail_is_answered_as_by_a_pocketbase_that_sends_none() {
    let owner = Owner::new();
    for path in ["request-password-reset", "request-verification"] {
        for email in [
            owner.record["email"].as_str().unwrap(),
            "nobody@example.com",
        ] {
            let answer = owner
                .app
                .post(&format!("{USERS}/{path}"))
                .json(&json!({ "email": email }))
                .send();
            assert_eq!(
                (answer.status, answer.body.len()),
                (204, 0),
                "{path} {email}"
            );
        }
    }
    let change = owner.call("POST", &format!("{USERS}/request-email-change"));
    let answer = change.json(&json!({ "newEmail": "a@b.cn" })).send();
    assert_error(&answer, 400, "Failed to request email change.", &json!({}));
}

#[test]
fn no_token_of_a_mail_is_valid_and_other_logins_are_off() {
    let app = TestApp::spawn();
    let post = |path: &str, body: Value| app.post(&format!("{USERS}/{path}")).json(&body).send();
    let filled = json!({ "token": "x", "password": PASSWORD, "passwordConfirm": PASSWORD });
    for (path, required, wrong) in [
        (
            "confirm-password-reset",
            vec!["password", "passwordConfirm", "token"],
            vec!["token"],
        ),
        ("confirm-verification", vec!["token"], vec!["token"]),
        (
            "confirm-email-change",
            vec!["password", "token"],
            vec!["password", "token"],
        ),
    ] {
        for (body, fields) in [(json!({}), required), (filled.clone(), wrong)] {
            let answer = post(path, body).json();
            assert_eq!(answer["status"], 400, "{path}");
            assert_eq!(
                answer["data"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .collect::<Vec<_>>(),
                fields,
                "{path}"
            );
        }
    }
    for (path, way) in [
        ("request-otp", "OTP"),
        ("auth-with-otp", "OTP"),
        ("auth-with-oauth2", "OAuth2"),
    ] {
        let message = format!("The collection is not configured to allow {way} authentication.");
        assert_error(&post(path, json!({})), 403, &message, &json!({}));
    }
}

/// The facts' table of errors, with what a real PocketBase (0.40.6) answered where the table is silent.
#[test]
fn errors_are_pocketbase_s() {
    let owner = Owner::new();
    let (none, id) = ("/api/collections/nope", owner.path());
    let other = format!("{USERS}/records/{}", "x".repeat(15));
    let at = |path: &str| format!("{USERS}/{path}");
    for (method, path, with_token, status, message) in [
        (
            "GET",
            format!("{none}/records"),
            true,
            404,
            "Missing collection context.",
        ),
        (
            "GET",
            format!("{none}/records/x"),
            true,
            404,
            "Missing collection context.",
        ),
        (
            "DELETE",
            format!("{none}/records/x"),
            true,
            404,
            "Missing collection context.",
        ),
        (
            "GET",
            format!("{none}/auth-methods"),
            false,
            404,
            "Missing or invalid collection context.",
        ),
        (
            "POST",
            format!("{none}/auth-with-password"),
            false,
            404,
            "Missing or invalid collection context.",
        ),
        (
            "POST",
            format!("{none}/auth-refresh"),
            true,
            404,
            "Missing or invalid collection context.",
        ),
        (
            "POST",
            format!("{none}/records"),
            true,
            404,
            "Missing or invalid collection context.",
        ),
        (
            "PATCH",
            format!("{none}/records/x"),
            true,
            404,
            "Missing or invalid collection context.",
        ),
        (
            "POST",
            format!("{none}/request-verification"),
            true,
            404,
            "Missing or invalid collection context.",
        ),
        ("GET", at("nothing"), true, 404, "File not found."),
        ("GET", at("records/"), true, 404, "File not found."),
        ("GET", format!("{id}/"), true, 404, "File not found."),
        ("POST", at("nothing"), true, 404, NOT_FOUND),
        ("POST", at("auth-methods"), true, 404, NOT_FOUND),
        ("POST", "/api/health".into(), false, 404, NOT_FOUND),
        ("PUT", id.clone(), true, 404, NOT_FOUND),
        ("POST", at("auth-refresh"), false, 401, NO_TOKEN),
        ("POST", at("request-email-change"), false, 401, NO_TOKEN),
        ("GET", id.clone(), false, 404, NOT_FOUND),
        ("GET", other.clone(), true, 404, NOT_FOUND),
        ("PATCH", id.clone(), false, 404, NOT_FOUND),
        ("PATCH", other.clone(), true, 404, NOT_FOUND),
        (
            "POST",
            at("records"),
            false,
            403,
            "Only superusers can perform this action.",
        ),
        (
            "POST",
            at("records"),
            true,
            403,
            "Only superusers can perform this action.",
        ),
        (
            "DELETE",
            id.clone(),
            true,
            403,
            "Only superusers can perform this action.",
        ),
        (
            "DELETE",
            other,
            true,
            403,
            "Only superusers can perform this action.",
        ),
        ("GET", at("records?page=x"), true, 400, SOMETHING),
        ("GET", at("records?perPage=1.5"), true, 400, SOMETHING),
        ("GET", at("records?skipTotal=zzz"), true, 400, SOMETHING),
        ("GET", at("records?sort=nope"), true, 400, SOMETHING),
        ("GET", at("records?sort=password"), true, 400, SOMETHING),
        ("GET", at("records?filter=nope"), false, 400, SOMETHING),
        (
            "GET",
            at("records?filter=id=1%20%26%26"),
            true,
            400,
            SOMETHING,
        ),
        (
            "GET",
            at("records?sort=@collection.x"),
            true,
            403,
            "Only superusers can filter by @collection.",
        ),
        (
            "GET",
            at("records?filter=@request.auth.id=id"),
            false,
            403,
            "Only superusers can filter by @request.",
        ),
        ("GET", at("records?fields=id:nope(1)"), true, 400, SOMETHING),
    ] {
        let token = if with_token { owner.token.as_str() } else { "" };
        let answer = owner
            .app
            .call(method, &path)
            .header("Authorization", token)
            .json(&json!({}))
            .send();
        assert_error(&answer, status, message, &json!({}));
    }
}

#[test]
fn a_body_that_cannot_be_read_is_pocketbase_s_400() {
    let owner = Owner::new();
    let log_in = format!("{USERS}/auth-with-password");
    let loading = "An error occurred while loading the submitted data.";
    for (method, path, body, message) in [
        ("POST", &log_in, "{", loading),
        ("POST", &log_in, "[]", loading),
        ("POST", &log_in, r#"{"identity":1,"password":"x"}"#, loading),
        ("PATCH", &owner.path(), "{", SOMETHING),
        ("PATCH", &owner.path(), "[]", SOMETHING),
    ] {
        let call = owner
            .call(method, path)
            .header("Content-Type", "application/json");
        assert_error(&call.body(body.as_bytes()).send(), 400, message, &json!({}));
    }
    let text = owner
        .call("POST", &log_in)
        .header("Content-Type", "text/plain")
        .body(b"{}")
        .send();
    assert_error(&text, 400, "Unsupported Content-Type.", &json!({}));
    for (method, path) in [("POST", &log_in), ("PATCH", &owner.path())] {
        let call = owner
            .call(method, path)
            .header("Content-Type", "application/json");
        let large = call.body(&vec![b' '; 70_000]).send();
        assert_error(&large, 413, "Request entity too large.", &json!({}));
    }
    let hasty =
        TestApp::spawn_with(|config| config.server.body_timeout = Duration::from_millis(300));
    assert_eq!(slow_body(&hasty, &log_in, ""), 408);
}

#[test]
fn a_token_that_is_not_valid_is_no_token() {
    let owner = Owner::new();
    let id = RecordId::parse(owner.record["id"].as_str().unwrap()).unwrap();
    let with = |token: &str, method: &str, path: &str| {
        owner
            .app
            .call(method, path)
            .header("Authorization", token)
            .send()
    };
    let assert_anonymous = |token: &str| {
        let list = with(token, "GET", &format!("{USERS}/records"));
        let empty = r#"{"items":[],"page":1,"perPage":30,"totalItems":0,"totalPages":0}"#;
        assert_eq!((list.status, list.text()), (200, empty));
        assert_error(
            &with(token, "GET", &owner.path()),
            404,
            NOT_FOUND,
            &json!({}),
        );
        assert_error(
            &with(token, "POST", &format!("{USERS}/auth-refresh")),
            401,
            NO_TOKEN,
            &json!({}),
        );
    };
    for token in ["", "bad", "Basic eDp5", &format!("{}x", owner.token)] {
        assert_anonymous(token);
    }
    owner
        .app
        .change_user(&id, |user| user.status = Status::Disabled);
    assert_anonymous(&owner.token);
}

#[test]
fn a_refresh_needs_no_body_and_gives_a_token_that_works() {
    let owner = Owner::new();
    owner.app.clock.advance(Duration::from_mins(1));
    let refresh = |token: &str| {
        let call = owner
            .app
            .post(&format!("{USERS}/auth-refresh"))
            .header("Authorization", token);
        call.header("Content-Type", "application/json").send().ok()
    };
    let answer = refresh(&owner.token);
    assert_eq!(answer["record"], owner.record);
    let new = answer["token"].as_str().unwrap();
    assert_ne!(new, owner.token);
    assert_eq!(refresh(&format!("bearer {new}"))["record"], owner.record);
}

#[test]
fn lists_are_paged_as_pocketbase_does_it() {
    let owner = Owner::new();
    let list = |query: &str| {
        owner
            .call("GET", &format!("{USERS}/records?{query}"))
            .send()
    };
    for (query, expected) in [
        (
            "page=1&perPage=10",
            r#"{"items":[{"id":"ID"}],"page":1,"perPage":10,"totalItems":1,"totalPages":1}"#,
        ),
        (
            "page=2",
            r#"{"items":[],"page":2,"perPage":30,"totalItems":1,"totalPages":1}"#,
        ),
        (
            "page=0&perPage=0",
            r#"{"items":[{"id":"ID"}],"page":1,"perPage":30,"totalItems":1,"totalPages":1}"#,
        ),
        (
            "page=-1&perPage=5000",
            r#"{"items":[{"id":"ID"}],"page":1,"perPage":1000,"totalItems":1,"totalPages":1}"#,
        ),
        (
            "page=&filter=&sort=-created,id",
            r#"{"items":[{"id":"ID"}],"page":1,"perPage":30,"totalItems":1,"totalPages":1}"#,
        ),
        (
            "skipTotal=1",
            r#"{"items":[{"id":"ID"}],"page":1,"perPage":30,"totalItems":-1,"totalPages":-1}"#,
        ),
        (
            "skipTotal=TRUE&expand=company_id",
            r#"{"items":[{"id":"ID"}],"page":1,"perPage":30,"totalItems":-1,"totalPages":-1}"#,
        ),
    ] {
        let expected = expected.replace("ID", owner.record["id"].as_str().unwrap());
        assert_eq!(
            list(&format!("{query}&fields=id")).text(),
            expected,
            "{query}"
        );
    }
    assert_eq!(list("fields=items.id").ok()["items"], json!([{}]));
    assert_eq!(list("fields=*").ok()["items"], json!([owner.record]));
}

#[test]
fn a_filter_is_asked_about_one_s_own_record() {
    let owner = Owner::new();
    assert_eq!(owner.app.register("13800138001", PASSWORD).status, 200);
    for (filter, found) in [
        ("users_phone='13800138000'", 1),
        ("users_phone='13800138001'", 0),
        ("users_phone~'138'%20%26%26%20users_status=1", 1),
        ("users_type='注册用户'", 1),
        ("users_idtype!='ManagePlatform'", 0),
        ("verified=true%20%26%26%20created<=@now", 1),
        // PocketBase lets an e-mail be found only by superusers, or when it is shown to all.
        ("email~'manage.local'", 0),
    ] {
        let filter = filter.replace("注册用户", "%E6%B3%A8%E5%86%8C%E7%94%A8%E6%88%B7");
        let list = owner
            .call(
                "GET",
                &format!("{USERS}/records?filter={}", filter.replace('<', "%3C")),
            )
            .send()
            .ok();
        assert_eq!(list["totalItems"], found, "{filter}");
    }
}

#[test]
fn users_change_their_own_record() {
    let owner = Owner::new();
    owner.app.clock.advance(Duration::from_mins(1));
    let body = json!({
        "users_name": " 李四 ", "users_phone": "+86 139-0013-9000", "users_picture": "https://example.com/b.png",
        "users_type": "游客", "users_level": 5, "users_id_number": "110", "company_id": "C",
        "users_parent_id": "P", "users_promo_code": "X", "usergroups_id": "G",
        "unknown": 1, "created": "2020-01-01 00:00:00.000Z", "tokenKey": "x", "oldPassword": PASSWORD,
    });
    let changed = owner.patch(&body).ok();
    let mut expected = owner.record.clone();
    for (key, value) in body.as_object().unwrap().iter().take(10) {
        expected[key] = value.clone();
    }
    expected["users_name"] = "李四".into();
    expected["users_phone"] = "13900139000".into();
    expected["users_level"] = "5".into();
    expected["updated"] = changed["updated"].clone();
    assert_ne!(changed["updated"], owner.record["updated"]);
    assert_eq!(changed, expected);
    assert_eq!(owner.call("GET", &owner.path()).send().ok(), expected);
    assert_eq!(
        owner.patch(&expected).status,
        200,
        "a whole record that did not change"
    );
    assert_eq!(
        owner.call("PATCH", &owner.path()).send().status,
        200,
        "no body"
    );
    assert_eq!(owner.app.login("13900139000", PASSWORD).status, 200);
    assert_eq!(owner.app.login("13800138000", PASSWORD).status, 404);
}

#[test]
fn protected_fields_are_not_the_user_s_to_change() {
    let owner = Owner::new();
    for (field, value) in [
        ("openid", json!("o_other")),
        ("users_idtype", json!("WeChat")),
        ("users_status", json!(0)),
        ("users_status", json!("x")),
        ("users_rank_level", json!(1)),
        ("users_auth_type", json!("2")),
        ("users_id", json!("U0000000099")),
        ("users_convers_id", json!(null)),
    ] {
        let answer = owner.patch(&json!({ "users_name": "李四", field: value }));
        assert_error(&answer, 404, NOT_FOUND, &json!({}));
        let unchanged = json!({ field: owner.record[field] });
        assert_eq!(owner.patch(&unchanged).status, 200, "{field}");
    }
    assert_eq!(owner.patch(&json!({ "users_status": "1" })).status, 200);
    let record = owner.call("GET", &owner.path()).send().ok();
    assert_eq!(record["users_name"], owner.record["users_name"]);
}

#[test]
fn an_update_says_which_fields_are_wrong() {
    let owner = Owner::new();
    assert_eq!(owner.app.register("13800138001", PASSWORD).status, 200);
    let select = json!({ "users_type": {
        "code": "validation_invalid_value", "message": "Invalid value Nope.", "params": { "value": "Nope" },
    }});
    let max = json!({ "users_level": {
        "code": "validation_max_text_constraint", "message": "Must be no more than 255 character(s).",
        "params": { "max": 255 },
    }});
    let long = "canary".repeat(30);
    let (short, old) = (
        "Must be at least 8 character(s).",
        "Missing or invalid old password.",
    );
    let (p, c, o) = ("password", "passwordConfirm", "oldPassword");
    for (body, expected) in [
        (json!({ "users_type": "Nope" }), select),
        (json!({ "users_level": "x".repeat(256) }), max),
        (
            json!({ "users_name": "" }),
            fields(&[("users_name", BLANK)]),
        ),
        (
            json!({ "users_phone": "123" }),
            fields(&[(
                "users_phone",
                ("validation_invalid_format", "Invalid value format."),
            )]),
        ),
        (
            json!({ "users_phone": "13800138001", o: PASSWORD }),
            fields(&[(
                "users_phone",
                ("validation_not_unique", "Value must be unique."),
            )]),
        ),
        (
            json!({ "id": "x" }),
            fields(&[(
                "id",
                (
                    "validation_pk_change",
                    "The record primary key cannot be changed.",
                ),
            )]),
        ),
        (json!({ "email": "a@b.cn" }), fields(&[("email", MISMATCH)])),
        (
            json!({ "verified": false }),
            fields(&[("verified", MISMATCH)]),
        ),
        (
            json!({ "email": "a@b.cn", "verified": false, p: "1" }),
            fields(&[
                ("email", MISMATCH),
                (o, BLANK),
                (c, BLANK),
                ("verified", MISMATCH),
            ]),
        ),
        (
            json!({ p: NEW_PASSWORD }),
            fields(&[(o, BLANK), (c, BLANK)]),
        ),
        (
            json!({ p: NEW_PASSWORD, c: NEW_PASSWORD }),
            fields(&[(o, BLANK)]),
        ),
        (json!({ o: PASSWORD }), fields(&[(p, BLANK), (c, BLANK)])),
        (
            json!({ c: NEW_PASSWORD }),
            fields(&[(o, BLANK), (p, BLANK), (c, MISMATCH)]),
        ),
        (json!({ p: "", c: "", o: "" }), fields(&[(p, BLANK)])),
        (
            json!({ p: NEW_PASSWORD, c: "x", o: PASSWORD }),
            fields(&[(c, MISMATCH)]),
        ),
        (
            json!({ p: "x", c: "x", o: PASSWORD }),
            fields(&[(p, ("validation_min_text_constraint", short))]),
        ),
        (
            json!({ p: long, c: long, o: PASSWORD }),
            fields(&[(p, ("validation_invalid_value", "Invalid value."))]),
        ),
        (
            json!({ p: NEW_PASSWORD, c: NEW_PASSWORD, o: WRONG_PASSWORD }),
            fields(&[(o, ("validation_invalid_old_password", old))]),
        ),
        (
            json!({ p: NEW_PASSWORD, c: NEW_PASSWORD, o: long }),
            fields(&[(o, ("validation_invalid_old_password", old))]),
        ),
    ] {
        assert_error(&owner.patch(&body), 400, NOT_UPDATED, &expected);
    }
    let record = owner.call("GET", &owner.path()).send().ok();
    assert_eq!(record, owner.record, "a refused change leaves no trace");
}

#[test]
fn a_new_password_ends_all_tokens_of_the_user() {
    let owner = Owner::new();
    let second = owner.log_in(&json!("13800138000"), PASSWORD).ok()["token"].clone();
    let body = json!({ "password": NEW_PASSWORD, "passwordConfirm": NEW_PASSWORD, "oldPassword": PASSWORD });
    let changed = owner.patch(&body).ok();
    assert!(changed.get("password").is_none() && changed.get("tokenKey").is_none());
    for token in [owner.token.as_str(), second.as_str().unwrap()] {
        let refresh = owner
            .app
            .post(&format!("{USERS}/auth-refresh"))
            .header("Authorization", token);
        assert_error(&refresh.send(), 401, NO_TOKEN, &json!({}));
    }
    assert_eq!(owner.app.login("13800138000", PASSWORD).status, 400);
    assert_eq!(owner.app.login("13800138000", NEW_PASSWORD).status, 200);
    assert_eq!(
        owner.log_in(&owner.record["email"], NEW_PASSWORD).status,
        200
    );
}

/// Whoever has a password only from WeChat's side has none, and cannot make one.
#[test]
fn a_wechat_user_reads_and_changes_its_record_but_has_no_old_password() {
    let app = TestApp::spawn();
    let login = app.wechat_login("alice~1").ok();
    let owner = Owner {
        record: login["record"].clone(),
        token: login["token"].as_str().unwrap().into(),
        app,
    };
    assert_eq!(owner.call("GET", &owner.path()).send().ok(), owner.record);
    assert_eq!(
        owner
            .patch(&json!({ "users_name": "李四", "users_phone": "" }))
            .ok()["users_name"],
        "李四"
    );
    let body = json!({ "password": NEW_PASSWORD, "passwordConfirm": NEW_PASSWORD, "oldPassword": WRONG_PASSWORD });
    assert_eq!(
        owner.patch(&body).json()["data"]["oldPassword"]["code"],
        "validation_invalid_old_password"
    );
}

#[test]
fn wrong_passwords_count_together_however_the_user_is_named() {
    let owner = Owner::of(TestApp::spawn_with(|config| config.limits.enabled = true));
    let guess = |identity: &Value| {
        owner.app.clock.advance(Duration::from_millis(3001));
        owner.log_in(identity, WRONG_PASSWORD)
    };
    let record = &owner.record;
    for field in [
        "email",
        "openid",
        "users_phone",
        "email",
        "openid",
        "users_phone",
        "email",
    ] {
        assert_eq!(guess(&record[field]).status, 400);
    }
    let refused = guess(&record["openid"]);
    assert_error(&refused, 429, "Too Many Requests.", &json!({}));
    assert_eq!(refused.header("retry-after"), "2");
    assert_eq!(owner.app.login("13800138000", PASSWORD).status, 429);
    owner.app.clock.advance(Duration::from_secs(10));
    assert_eq!(owner.app.login("13800138000", PASSWORD).status, 200);
}

#[test]
fn a_stolen_token_does_not_help_to_guess_the_password() {
    let owner = Owner::of(TestApp::spawn_with(|config| config.limits.enabled = true));
    let guess = json!({ "password": NEW_PASSWORD, "passwordConfirm": NEW_PASSWORD, "oldPassword": WRONG_PASSWORD });
    let statuses: Vec<_> = (0..10)
        .map(|n| {
            owner.app.clock.advance(Duration::from_millis(3001));
            assert_eq!(
                owner
                    .patch(&json!({ "users_phone": format!("1390013900{n}") }))
                    .status,
                400
            );
            owner.patch(&guess).status
        })
        .collect();
    assert_eq!(statuses, [400, 400, 400, 400, 400, 400, 400, 429, 400, 429]);
}

#[test]
fn of_two_users_who_want_one_phone_one_gets_it() {
    let owner = Owner::new();
    let other = owner.app.register("13800138001", PASSWORD).ok();
    let path = format!(
        "{USERS}/records/{}",
        other["record"]["id"].as_str().unwrap()
    );
    let token = other["token"].as_str().unwrap();
    let body = json!({ "users_phone": "13900139000", "oldPassword": PASSWORD });
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| owner.patch(&body).status);
        let second = owner
            .app
            .call("PATCH", &path)
            .bearer(token)
            .json(&body)
            .send()
            .status;
        (first.join().unwrap(), second)
    });
    assert_eq!((first.min(second), first.max(second)), (200, 400));
}

#[test]
fn the_envelope_follows_the_path_under_a_base_path_too() {
    let app = TestApp::spawn_with(|config| config.server.base_path = "/pb".into());
    assert_eq!(app.get("/api/health").send().status, 200);
    assert_error(
        &app.get("/api/collections/x/y").send(),
        404,
        "File not found.",
        &json!({}),
    );
    app.call("PUT", "/api/system/health")
        .send()
        .assert_error(405, "请求方法");
}

#[test]
fn a_broken_store_is_a_500_that_tells_nothing() {
    let disk = crate::support::failing_disk::FailingDisk::default();
    let owner = Owner::of(TestApp::spawn_on(&disk.location(), |_| ()));
    disk.kill();
    assert_error(
        &owner.patch(&json!({ "users_name": "李四" })),
        500,
        SOMETHING,
        &json!({}),
    );
}
