//! Records of all collections, as superusers have them, and what of them others see.

use std::fs;
use std::time::{Duration, Instant};

use bai::clock::Clock;
use bai::domain::{Collections, Name, User};
use bai::store::{Location, Store, Write};
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{
    COMPANIES, ONLY_SUPERUSERS, USERS, assert_error, fields, log_in, path,
};
use crate::support::superuser::{Root, as_others_see, person};
use crate::support::users::new_user;

const NOT_CREATED: &str = "Failed to create record.";
const NOT_FOUND: &str = "The requested resource wasn't found.";
const SOMETHING: &str = "Something went wrong while processing your request.";
const BLANK: (&str, &str) = ("validation_required", "Cannot be blank.");
const NOT_UNIQUE: (&str, &str) = ("validation_not_unique", "Value must be unique.");

fn token(app: &TestApp, phone: &str) -> String {
    app.login(phone, PASSWORD).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_user_made_by_a_superuser_has_what_was_given_and_what_the_contract_needs() {
    let root = Root::new();
    let more = json!({
        "id": "a1b2c3d4e5f6g7h", "users_idtype": "WeChat", "users_type": "游客", "users_status": "1",
        "users_rank_level": 5, "users_auth_type": "2", "users_convers_id": "c_1", "users_id": "U0000000105",
        "users_level": 7, "users_picture": "https://example.com/a.png", "users_id_number": "110", "company_id": "C1",
        "users_parent_id": "P", "users_promo_code": "X", "usergroups_id": "G", "verified": "true",
        "emailVisibility": 1, "unknown": 1, "created": "2020-01-01 00:00:00.000Z", "tokenKey": "k".repeat(30),
    });
    let user = root.user(1, &more);
    let expected = json!({
        "collectionId": "pbc_421601843", "collectionName": "tbl_auth_users", "company_id": "C1",
        "created": user["updated"], "email": "user1@example.com", "emailVisibility": true, "id": "a1b2c3d4e5f6g7h",
        "openid": "o_1", "unionid": "", "updated": user["updated"], "usergroups_id": "G", "users_auth_type": 2,
        "users_convers_id": "c_1", "users_id": "U0000000105", "users_id_number": "110", "users_idtype": "WeChat",
        "users_level": "7", "users_name": "用户1", "users_parent_id": "P", "users_phone": "13800000001",
        "users_picture": "https://example.com/a.png", "users_promo_code": "X", "users_rank_level": 5,
        "users_status": 1, "users_type": "游客", "verified": true,
    });
    assert_eq!(
        user.to_string(),
        expected.to_string(),
        "also the order of the keys"
    );
    assert_eq!(root.get(&path(USERS, &user["id"])).ok(), user);

    let plain = root.user(2, &json!({}));
    for (field, value) in [
        ("users_idtype", json!("ManagePlatform")),
        ("users_type", json!("注册用户")),
        ("users_status", json!(1)),
        ("users_id", json!("U0000000002")),
        ("verified", json!(false)),
        ("users_rank_level", json!(0)),
    ] {
        assert_eq!(plain[field], value, "{field}");
    }
    assert_eq!(plain["users_convers_id"].as_str().unwrap().len(), 36);
    assert_eq!(
        root.app.login("13800000002", PASSWORD).ok()["record"],
        as_others_see(&plain)
    );
    for identity in ["user2@example.com", "o_2", "13800000002"] {
        let login = log_in(
            &root.app,
            &json!({ "identity": identity, "password": PASSWORD }),
        );
        assert_eq!(login.ok()["record"], as_others_see(&plain), "{identity}");
    }
}

#[test]
fn a_new_user_says_which_fields_are_wrong() {
    let root = Root::new();
    let taken = root.user(1, &json!({}));
    let select = |word: &str| {
        let message = format!("Invalid value {word}.");
        json!({ "code": "validation_invalid_value", "message": message, "params": { "value": word } })
    };
    let too_short = (
        "validation_min_text_constraint",
        "Must be at least 8 character(s).",
    );
    let format = ("validation_invalid_format", "Invalid value format.");
    let mut many = fields(&[
        (
            "email",
            ("validation_is_email", "Must be a valid email address."),
        ),
        ("openid", BLANK),
        ("password", too_short),
        (
            "users_rank_level",
            (
                "validation_only_int_constraint",
                "Decimal numbers are not allowed.",
            ),
        ),
        (
            "users_status",
            ("validation_invalid_value", "Invalid value."),
        ),
    ]);
    many["users_idtype"] = select("Nope");
    many["users_name"] = json!({
        "code": "validation_max_text_constraint", "message": "Must be no more than 64 character(s).",
        "params": { "max": 64 },
    });
    let many: Value = {
        let mut sorted = many.as_object().unwrap().clone();
        sorted.sort_keys();
        sorted.into()
    };
    let short_id = json!({ "id": {
        "code": "validation_min_text_constraint", "message": "Must be at least 15 character(s).", "params": { "min": 15 },
    }});
    for (more, expected) in [
        (
            json!({ "passwordConfirm": "" , "email": "x"}),
            fields(&[("passwordConfirm", BLANK)]),
        ),
        (
            json!({ "passwordConfirm": "canary" }),
            fields(&[(
                "passwordConfirm",
                ("validation_values_mismatch", "Values don't match."),
            )]),
        ),
        (
            json!({ "password": "", "passwordConfirm": "" }),
            fields(&[("password", BLANK), ("passwordConfirm", BLANK)]),
        ),
        (
            json!({
                "email": "nobody", "openid": "", "users_idtype": "Nope", "users_name": "名".repeat(65),
                "users_rank_level": 1.5, "users_status": 7, "password": "short", "passwordConfirm": "short",
            }),
            many,
        ),
        (json!({ "email": "" }), fields(&[("email", BLANK)])),
        (json!({ "id": "Too-Short" }), short_id),
        (
            json!({ "id": "ABCDEFGHIJ12345" }),
            fields(&[("id", format)]),
        ),
        (
            json!({ "users_phone": "1" }),
            fields(&[("users_phone", format)]),
        ),
        (json!({ "openid": "a b" }), fields(&[("openid", format)])),
        (
            person(1, &json!({ "id": taken["id"] })),
            fields(&[("email", NOT_UNIQUE)]),
        ),
        (
            json!({ "users_phone": "+86 138 0000 0001", "openid": "o_1" }),
            fields(&[("users_phone", NOT_UNIQUE)]),
        ),
        (
            json!({ "openid": "o_1", "id": taken["id"] }),
            fields(&[("openid", NOT_UNIQUE)]),
        ),
        (json!({ "id": taken["id"] }), fields(&[("id", NOT_UNIQUE)])),
    ] {
        assert_error(
            &root.create(USERS, &person(2, &more)),
            400,
            NOT_CREATED,
            &expected,
        );
    }
    let nothing = fields(&[("password", BLANK), ("passwordConfirm", BLANK)]);
    assert_error(&root.create(USERS, &json!({})), 400, NOT_CREATED, &nothing);
    assert_eq!(root.get(&format!("{USERS}/records")).ok()["totalItems"], 1);
    assert_eq!(
        root.user(3, &json!({}))["users_id"],
        "U0000000002",
        "a refused user takes no number"
    );
}

#[test]
fn superusers_change_everything_of_a_user() {
    let root = Root::new();
    let user = root.user(1, &json!({ "users_level": "A", "users_picture": "p" }));
    root.app.clock.advance(Duration::from_mins(1));
    let change = json!({
        "openid": "o_new", "users_idtype": "WeChat", "users_status": "1", "users_rank_level": "7",
        "users_auth_type": null, "users_id": "", "users_convers_id": "c", "users_name": "", "users_picture": "",
        "users_phone": "", "users_level": true, "verified": true, "users_promo_code": ["a"], "users_name+": "x",
    });
    let changed = root.update(USERS, &user["id"], &change).ok();
    let mut expected = user.clone();
    for (key, value) in [
        ("openid", json!("o_new")),
        ("users_idtype", json!("WeChat")),
        ("users_rank_level", json!(7)),
        ("users_id", json!("U0000000001")),
        ("users_convers_id", json!("c")),
        ("users_name", json!("")),
        ("users_picture", json!("")),
        ("users_phone", json!("")),
        ("users_level", json!("true")),
        ("verified", json!(true)),
        ("updated", changed["updated"].clone()),
    ] {
        expected[key] = value;
    }
    assert_eq!(changed, expected);
    assert_ne!(changed["updated"], user["updated"]);
    for (change, rank) in [
        (json!({ "users_rank_level+": 2 }), 9),
        (json!({ "users_rank_level-": "10" }), -1),
        (json!({ "users_rank_level": null }), 0),
    ] {
        assert_eq!(
            root.update(USERS, &user["id"], &change).ok()["users_rank_level"],
            rank
        );
    }
    let other = root.user(2, &json!({}));
    for (change, expected) in [
        (
            json!({ "openid": "o_new" }),
            fields(&[("openid", NOT_UNIQUE)]),
        ),
        (
            json!({ "email": "user1@example.com" }),
            fields(&[("email", NOT_UNIQUE)]),
        ),
        (json!({ "email": "" }), fields(&[("email", BLANK)])),
        (
            json!({ "users_type": "" }),
            fields(&[("users_type", BLANK)]),
        ),
        (
            json!({ "id": "zzzzzzzzzzzzzzz" }),
            fields(&[(
                "id",
                (
                    "validation_pk_change",
                    "The record primary key cannot be changed.",
                ),
            )]),
        ),
    ] {
        assert_error(
            &root.update(USERS, &other["id"], &change),
            400,
            "Failed to update record.",
            &expected,
        );
    }
    assert_eq!(root.get(&path(USERS, &other["id"])).ok(), other);
    assert_error(
        &root.update(USERS, &json!("xxxxxxxxxxxxxxx"), &change),
        404,
        NOT_FOUND,
        &json!({}),
    );
    assert_eq!(
        root.app.login("13800000001", PASSWORD).status,
        404,
        "the phone is free again"
    );
    root.user(3, &json!({ "users_phone": "13800000001" }));
}

#[test]
fn a_password_or_address_set_by_a_superuser_and_a_deletion_end_the_user_s_tokens() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let new = "canary-new-password";
    let is_valid = |token: &str| {
        root.app
            .post(&format!("{USERS}/auth-refresh"))
            .bearer(token)
            .send()
            .status
            == 200
    };
    let first = token(&root.app, "13800000001");
    root.update(
        USERS,
        &user["id"],
        &json!({ "users_level": "B", "verified": true }),
    )
    .ok();
    assert!(is_valid(&first), "other changes do not");
    root.update(
        USERS,
        &user["id"],
        &json!({ "password": new, "passwordConfirm": new }),
    )
    .ok();
    assert!(!is_valid(&first));
    assert_eq!(root.app.login("13800000001", PASSWORD).status, 400);
    let second = root.app.login("13800000001", new).ok()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    root.update(USERS, &user["id"], &json!({ "email": "new@example.com" }))
        .ok();
    assert!(!is_valid(&second));
    let third = log_in(
        &root.app,
        &json!({ "identity": "new@example.com", "password": new }),
    )
    .ok();
    let third = third["token"].as_str().unwrap();
    assert!(is_valid(third));
    root.update(USERS, &user["id"], &json!({ "users_status": 0 }))
        .ok();
    assert!(!is_valid(third), "a disabled user is nobody");
    root.update(USERS, &user["id"], &json!({ "users_status": 1 }))
        .ok();
    assert!(!is_valid(third), "who may come back logs in anew");
    let fourth = log_in(
        &root.app,
        &json!({ "identity": "new@example.com", "password": new }),
    )
    .ok();
    let fourth = fourth["token"].as_str().unwrap();
    root.update(USERS, &user["id"], &json!({ "users_status": 1 }))
        .ok();
    assert!(is_valid(fourth), "what is no change ends nothing");
    let third = fourth;
    assert_eq!(root.delete(USERS, &user["id"]).status, 204);
    assert!(!is_valid(third));
    assert_error(&root.delete(USERS, &user["id"]), 404, NOT_FOUND, &json!({}));
    root.user(1, &json!({ "id": user["id"] }));
    assert!(
        !is_valid(third),
        "not even when there is one of this id again"
    );
}

#[test]
fn whoever_disables_a_user_ends_the_tokens_for_good() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let is_valid = |token: &str| {
        root.app
            .post(&format!("{USERS}/auth-refresh"))
            .bearer(token)
            .send()
            .status
            == 200
    };
    let batch = |requests: Value| {
        assert_eq!(
            root.call("POST", "/api/batch")
                .json(&json!({ "requests": requests }))
                .send()
                .status,
            200
        );
    };
    let set = |status: u8| json!({ "users_status": status });
    let patch = |status| drop(root.update(USERS, &user["id"], &set(status)).ok());
    let patch_in_batch = |status| {
        batch(json!([{ "method": "PATCH", "url": path(USERS, &user["id"]), "body": set(status) }]));
    };
    let upsert = |status: u8| {
        let body = json!({ "id": user["id"], "users_status": status });
        batch(json!([{ "method": "PUT", "url": format!("{USERS}/records"), "body": body }]));
    };
    let at_once = |status: u8| {
        if status == 0 {
            let change = |status: u8| json!({ "method": "PATCH", "url": path(USERS, &user["id"]), "body": set(status) });
            batch(json!([change(0), change(1)]));
        }
    };
    let doors: [(&str, &dyn Fn(u8)); 4] = [
        ("PATCH", &patch),
        ("batch", &patch_in_batch),
        ("upsert", &upsert),
        ("at once", &at_once),
    ];
    for (door, set_status) in doors {
        let token = token(&root.app, "13800000001");
        assert!(is_valid(&token), "{door}");
        set_status(0);
        if door != "at once" {
            let refresh = root
                .app
                .post("/api/system/refresh-token")
                .bearer(&token)
                .send();
            refresh.assert_error(401, "停用");
        }
        set_status(1);
        assert!(!is_valid(&token), "{door}");
    }
}

#[test]
fn users_show_their_address_and_nothing_else_of_what_superusers_change() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    let token = token(&root.app, "13800000001");
    let own = path(USERS, &user["id"]);
    let patch = |body: Value| {
        root.app
            .call("PATCH", &own)
            .bearer(&token)
            .json(&body)
            .send()
    };
    assert_eq!(
        patch(json!({ "emailVisibility": true })).ok()["emailVisibility"],
        true
    );
    assert_error(
        &patch(json!({ "users_rank_level+": 1 })),
        404,
        NOT_FOUND,
        &json!({}),
    );
    let other = root.user(2, &json!({}));
    for (method, path) in [
        ("GET", path(USERS, &other["id"])),
        ("PATCH", path(USERS, &other["id"])),
    ] {
        assert_error(
            &root.app.call(method, &path).bearer(&token).send(),
            404,
            NOT_FOUND,
            &json!({}),
        );
        assert_error(
            &root.app.call(method, &path).send(),
            404,
            NOT_FOUND,
            &json!({}),
        );
    }
    for method in ["POST", "DELETE"] {
        let at = if method == "POST" {
            format!("{USERS}/records")
        } else {
            own.clone()
        };
        assert_error(
            &root.app.call(method, &at).bearer(&token).send(),
            403,
            ONLY_SUPERUSERS,
            &json!({}),
        );
    }
}

#[test]
fn companies_are_kept_by_superusers_and_seen_one_by_one_by_users() {
    let root = Root::new();
    let body =
        json!({ "company_id": "C1", "company_name": "公司", "company_status": "1", "unknown": 1 });
    let company = root.create(COMPANIES, &body).ok();
    let expected = json!({
        "collectionId": "pbc_3827114575", "collectionName": "tbl_company", "company_id": "C1", "company_name": "公司",
        "company_status": 1, "company_type": "", "created": company["created"], "id": company["id"],
        "updated": company["created"],
    });
    assert_eq!(company.to_string(), expected.to_string());
    let own = path(COMPANIES, &company["id"]);
    for (body, expected) in [
        (
            json!({ "company_name": "x" }),
            fields(&[("company_id", BLANK)]),
        ),
        (
            json!({ "company_id": "C1" }),
            fields(&[("company_id", NOT_UNIQUE)]),
        ),
    ] {
        assert_error(&root.create(COMPANIES, &body), 400, NOT_CREATED, &expected);
    }
    let changed = root
        .update(
            COMPANIES,
            &company["id"],
            &json!({ "company_status+": 1.5, "company_type": "T" }),
        )
        .ok();
    assert_eq!(
        (&changed["company_status"], &changed["company_type"]),
        (&json!(2.5), &json!("T"))
    );
    assert_eq!(
        (&changed["company_name"], &changed["company_id"]),
        (&json!("公司"), &json!("C1"))
    );

    root.user(1, &json!({ "company_id": "C1" }));
    let token = token(&root.app, "13800000001");
    let as_user = |method: &str, path: &str| root.app.call(method, path).bearer(&token).send();
    assert_eq!(as_user("GET", &own).ok(), changed);
    assert_error(&root.app.get(&own).send(), 404, NOT_FOUND, &json!({}));
    let list = format!("{COMPANIES}/records");
    for (method, path) in [
        ("GET", &list),
        ("POST", &list),
        ("PATCH", &own),
        ("DELETE", &own),
    ] {
        assert_error(&as_user(method, path), 403, ONLY_SUPERUSERS, &json!({}));
        assert_error(
            &root.app.call(method, path).send(),
            403,
            ONLY_SUPERUSERS,
            &json!({}),
        );
    }
    let login = root.app.login("13800000001", PASSWORD).ok();
    assert_eq!(
        login["meta"]["data"]["user"]["company"], changed,
        "the contract shows the same company"
    );
    assert_eq!(root.delete(COMPANIES, &company["id"]).status, 204);
    assert_eq!(root.get(&own).status, 404);
}

#[test]
fn a_user_is_shown_with_its_company_when_that_is_asked_for() {
    let root = Root::new();
    let company = root.create(COMPANIES, &json!({ "company_id": "C1" })).ok();
    let (with, without) = (
        root.user(1, &json!({ "company_id": "C1" })),
        root.user(2, &json!({ "company_id": "C9" })),
    );
    let token = token(&root.app, "13800000001");
    let mut expected = with.clone();
    expected["expand"] = json!({ "company_id": company });
    let own = format!("{}?expand=nope,%20company_id", path(USERS, &with["id"]));
    assert_eq!(root.get(&own).ok(), expected);
    let seen = root.app.get(&own).bearer(&token).send().ok();
    assert_eq!(seen, as_others_see(&expected));
    let keys: Vec<_> = root
        .get(&own)
        .ok()
        .as_object()
        .unwrap()
        .keys()
        .take(7)
        .cloned()
        .collect();
    assert_eq!(keys[5..], ["emailVisibility", "expand"]);
    assert_eq!(
        root.get(&format!(
            "{}?expand=company_id",
            path(USERS, &without["id"])
        ))
        .ok(),
        without
    );
    assert_eq!(
        root.get(&format!("{}?expand=nope", path(USERS, &with["id"])))
            .ok(),
        with
    );
    let list = root
        .get(&format!(
            "{USERS}/records?expand=company_id&fields=openid,expand.company_id.company_id"
        ))
        .ok();
    let expected = json!([{ "openid": "o_1", "expand": { "company_id": { "company_id": "C1" } } }, { "openid": "o_2" }]);
    assert_eq!(list["items"], expected);
}

#[test]
fn a_deployment_s_own_columns_are_kept_by_their_types() {
    let mut collections = Collections::new(Clock::System.now());
    collections.companies.fields = Some(
        json!([
            { "name": "city", "type": "text", "max": 3, "required": true },
            { "name": "size", "type": "number" },
            { "name": "open", "type": "bool" },
            { "name": "tags", "type": "select", "maxSelect": 2, "values": ["a", "b"] },
            { "name": "kind", "type": "select", "maxSelect": 1, "values": ["x", "y"] },
            { "name": "since", "type": "date" },
            { "name": "more", "type": "json" },
            { "name": "mail", "type": "email" },
        ])
        .to_string(),
    );
    collections.users.fields =
        Some(json!([{ "name": "nick", "type": "text", "max": 5 }]).to_string());
    let root = Root::of(TestApp::spawn());
    root.app.set_collections(collections);
    let body = json!({
        "company_id": "C1", "city": "深圳", "size": "2.5", "open": "true", "tags": ["a"], "kind": "x",
        "since": "2026-11-22", "more": "{\"a\":1}", "mail": "a@b.cn",
    });
    let company = root.create(COMPANIES, &body).ok();
    for (field, value) in [
        ("size", json!(2.5)),
        ("open", json!(true)),
        ("tags", json!(["a"])),
        ("since", json!("2026-11-22 00:00:00.000Z")),
        ("more", json!({ "a": 1 })),
    ] {
        assert_eq!(company[field], value, "{field}");
    }
    let wrong = json!({ "city": "北京市区", "kind": "z", "tags": ["a", "c"], "mail": "x" });
    let refused = root.update(COMPANIES, &company["id"], &wrong).json();
    let wrong: Vec<_> = refused["data"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(wrong, ["city", "kind", "mail", "tags"]);
    assert_eq!(
        root.update(COMPANIES, &company["id"], &json!({ "city": "" }))
            .json()["data"]["city"]["code"],
        BLANK.0
    );
    for (filter, found) in [
        ("kind='x'%26%26size>2", 1),
        ("open=false", 0),
        ("tags~'a'", 1),
        ("city='深圳'", 1),
    ] {
        let filter = filter
            .replace("深圳", "%E6%B7%B1%E5%9C%B3")
            .replace('>', "%3E");
        let list = root
            .get(&format!("{COMPANIES}/records?filter={filter}"))
            .ok();
        assert_eq!(list["totalItems"], found, "{filter}");
    }
    let user = root.user(1, &json!({ "nick": "N" }));
    assert_eq!(user["nick"], "N");
    let token = token(&root.app, "13800000001");
    let own = path(USERS, &user["id"]);
    let change = |nick: &str| {
        root.app
            .call("PATCH", &own)
            .bearer(&token)
            .json(&json!({ "nick": nick }))
            .send()
    };
    assert_eq!(change("NN").ok()["nick"], "NN");
    assert_eq!(
        change("too long").json()["data"]["nick"]["code"],
        "validation_max_text_constraint"
    );
    assert_eq!(
        root.get(&format!("{USERS}/records?filter=nick='NN'")).ok()["totalItems"],
        1
    );
}

#[test]
fn bodies_are_json_multipart_or_urlencoded() {
    let root = Root::new();
    let user = root.user(1, &json!({ "users_rank_level": 3 }));
    let own = path(USERS, &user["id"]);
    let send = |content_type: &str, body: &str| {
        root.call("PATCH", &own)
            .header("Content-Type", content_type)
            .body(body.as_bytes())
            .send()
    };
    let part = |name: &str, text: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let file = "--x\r\nContent-Disposition: form-data; name=\"users_promo_code\"; filename=\"f\"\r\n\r\nfile\r\n";
    let body = [
        part("users_level", "007"),
        part("usergroups_id", "one"),
        part("usergroups_id", "two"),
        part("users_rank_level+", "4"),
        part("nope", "1"),
        part("@jsonPayload", r#"{"users_name":"张三","verified":true}"#),
        file.to_owned(),
        "--x--\r\n".to_owned(),
    ];
    let changed = send("multipart/form-data; boundary=x", &body.concat()).ok();
    for (field, value) in [
        ("users_level", json!("007")),
        ("usergroups_id", json!("")),
        ("users_rank_level", json!(7)),
        ("users_name", json!("张三")),
        ("verified", json!(true)),
        ("users_promo_code", json!("")),
    ] {
        assert_eq!(changed[field], value, "{field}");
    }
    let changed = send(
        "application/x-www-form-urlencoded",
        "users_name=%E5%BC%A0+%E5%9B%9B&users_rank_level=x",
    )
    .ok();
    assert_eq!(
        (&changed["users_name"], &changed["users_rank_level"]),
        (&json!("张 四"), &json!(0))
    );
    let empty = send("multipart/form-data; boundary=x", "--x--\r\n").ok();
    assert_eq!(empty["users_name"], "张 四");
    for (content_type, body, message) in [
        ("multipart/form-data", "x", SOMETHING),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Dis",
            SOMETHING,
        ),
        (
            "multipart/form-data; boundary=x",
            &(part("@jsonPayload", "{") + "--x--\r\n"),
            SOMETHING,
        ),
        ("text/plain", "{}", "Unsupported Content-Type."),
        (
            "application/problem+json",
            "{}",
            "Unsupported Content-Type.",
        ),
        ("application/xml", "<a/>", SOMETHING),
        ("application/json", "[]", SOMETHING),
        (
            "application/json",
            r#"{"users_name":"a","users_name":"b"}"#,
            SOMETHING,
        ),
    ] {
        assert_error(&send(content_type, body), 400, message, &json!({}));
    }
    assert_eq!(
        send("application/json; charset=utf-8", r#"{"users_name":"五"}x"#).ok()["users_name"],
        "五"
    );
    let large = part("users_name", &"x".repeat(70_000)) + "--x--\r\n";
    assert_eq!(send("multipart/form-data; boundary=x", &large).status, 413);
    let login = root.app.post(&format!("{USERS}/auth-with-password"));
    let form = format!("identity=o_1&password={PASSWORD}");
    let login = login
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form.as_bytes());
    assert_eq!(login.send().status, 200);
}

fn openids(list: &Value) -> Vec<String> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["openid"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_list_is_the_same_whichever_way_its_records_are_found() {
    let root = Root::new();
    for n in 1..=7 {
        root.user(
            n,
            &json!({ "users_rank_level": n % 3, "users_level": if n % 2 == 0 { "even" } else { "" } }),
        );
        root.app.clock.advance(Duration::from_secs(1));
    }
    let list = |query: &str| {
        root.get(&format!("{USERS}/records?{}", query.replace('"', "%22")))
            .ok()
    };
    let all = ["o_1", "o_2", "o_3", "o_4", "o_5", "o_6", "o_7"];
    for (query, expected, total, pages) in [
        ("", &all[..], 7, 1),
        ("sort=created", &all, 7, 1),
        ("perPage=3", &all[..3], 7, 3),
        ("perPage=3&page=3", &all[6..], 7, 3),
        ("perPage=3&page=4", &[], 7, 3),
        ("page=9223372036854775807&perPage=1000", &[], 7, 1),
        (
            "page=9223372036854775807&perPage=1000&sort=openid",
            &[],
            7,
            1,
        ),
        ("sort=-created&perPage=2&page=2", &["o_5", "o_4"], 7, 4),
        ("sort=-@rowid&perPage=2&page=2", &["o_5", "o_4"], 7, 4),
        ("sort=-openid&perPage=3", &["o_7", "o_6", "o_5"], 7, 3),
        (
            "sort=users_rank_level,-openid&perPage=4",
            &["o_6", "o_3", "o_7", "o_4"],
            7,
            2,
        ),
        (
            "sort=users_rank_level&perPage=4",
            &["o_3", "o_6", "o_1", "o_4"],
            7,
            2,
        ),
        ("filter=users_level=\"even\"", &["o_2", "o_4", "o_6"], 3, 1),
        (
            "filter=users_level=\"even\"&sort=-created&perPage=2",
            &["o_6", "o_4"],
            3,
            2,
        ),
        (
            "filter=users_level=\"even\"&sort=-openid&perPage=2&page=2",
            &["o_2"],
            3,
            2,
        ),
        (
            "filter=users_level=\"even\"&perPage=2&page=2",
            &["o_6"],
            3,
            2,
        ),
        (
            "filter=users_level=\"even\"&perPage=2&skipTotal=1",
            &["o_2", "o_4"],
            -1,
            -1,
        ),
        ("perPage=2&page=2&skipTotal=true", &["o_3", "o_4"], -1, -1),
        (
            "filter=created%3E=\"2026-11-22%2006:10:38.858Z\"&sort=created&skipTotal=1&perPage=2",
            &["o_3", "o_4"],
            -1,
            -1,
        ),
        (
            "filter=created%3E=\"2026-11-22%2006:10:38.858Z\"&sort=created&skipTotal=1&perPage=2&page=2",
            &["o_5", "o_6"],
            -1,
            -1,
        ),
        (
            "filter=created%3E\"2026-11-22%2006:10:38.858Z\"&sort=created&skipTotal=1&perPage=2",
            &["o_4", "o_5"],
            -1,
            -1,
        ),
        (
            "filter=created%3E=\"2026-11-22%2006:10:38.858Z\"%26%26users_level=\"even\"&sort=created&skipTotal=1",
            &["o_4", "o_6"],
            -1,
            -1,
        ),
        (
            "filter=created%3E=\"2026-11-22%2006:10:38.858Z\"||openid=\"o_1\"&sort=created&skipTotal=1&perPage=2",
            &["o_1", "o_3"],
            -1,
            -1,
        ),
        (
            "filter=created%3E=\"2026-11-22%2006:10:38\"&sort=created&skipTotal=1&perPage=2",
            &["o_3", "o_4"],
            -1,
            -1,
        ),
        (
            "filter=created%3E=\"2026-11-22%2006:10:38.858Z\"&sort=-created&skipTotal=1&perPage=2",
            &["o_7", "o_6"],
            -1,
            -1,
        ),
        (
            "filter=created%3E=\"2027\"&sort=created&skipTotal=1",
            &[],
            -1,
            -1,
        ),
        ("filter=openid=\"o_3\"", &["o_3"], 1, 1),
        ("filter=openid=\"o_3\"&page=2", &[], 1, 1),
        ("filter=openid=\"o_3\"%26%26users_level=\"even\"", &[], 0, 0),
        (
            "filter=openid=\"o_3\"||openid=\"o_1\"",
            &["o_1", "o_3"],
            2,
            1,
        ),
        ("filter=users_phone=\"13800000004\"", &["o_4"], 1, 1),
        ("filter=users_phone=\"%2B8613800000004\"", &[], 0, 0),
        ("filter=email=\"user5@example.com\"", &["o_5"], 1, 1),
        ("filter=id=\"nope\"", &[], 0, 0),
        (
            "filter=@request.auth.email=\"root@example.com\"%26%26openid~\"7\"",
            &["o_7"],
            1,
            1,
        ),
    ] {
        let list = list(query);
        assert_eq!(openids(&list), expected, "{query}");
        assert_eq!(
            (&list["totalItems"], &list["totalPages"]),
            (&json!(total), &json!(pages)),
            "{query}"
        );
    }
    for query in [
        "filter=nope=1",
        "sort=nope",
        "filter=tokenKey!=''",
        "filter=@collection.x.y=1",
        "page=x",
        "fields=a:b()",
    ] {
        assert_error(
            &root.get(&format!("{USERS}/records?{query}")),
            400,
            SOMETHING,
            &json!({}),
        );
    }
    let random = list("sort=@random&perPage=7");
    let mut random = openids(&random);
    random.sort();
    assert_eq!(random, all);
}

/// The body is PocketBase's for both, which says nothing.
#[test]
fn superusers_are_told_where_their_filter_cannot_be_read_and_others_are_not() {
    let root = Root::new();
    root.user(1, &json!({}));
    let token = token(&root.app, "13800000001");
    for (filter, problem) in [
        (
            "nope=1",
            "unknown field \"nope\" at byte 0, where it says \"nope=1\"",
        ),
        (
            "id=1%26%26nope=1",
            "unknown field \"nope\" at byte 6, where it says \"nope=1\"",
        ),
        (
            "users_name=",
            "expected a comparison at byte 11, at the end",
        ),
        (
            "users_name=1%26%26(id=1",
            "( without its end at byte 14, where it says \"(id=1\"",
        ),
        (
            "users_name='张'%26%26公=1",
            "unexpected character '公' at byte 18, where it says \"公=1\"",
        ),
    ] {
        let path = format!("{USERS}/records?filter={filter}");
        let (told, untold) = (root.get(&path), root.app.get(&path).bearer(&token).send());
        for answer in [&told, &untold] {
            assert_error(answer, 400, SOMETHING, &json!({}));
        }
        let header = format!("problem={}", told.header("x-filter-problem"));
        let decoded = form_urlencoded::parse(header.as_bytes()).next().unwrap().1;
        assert_eq!(decoded, problem, "{filter}");
        assert_eq!(untold.header("x-filter-problem"), "", "{filter}");
    }
    let sort = root.get(&format!("{USERS}/records?sort=nope"));
    assert_eq!(sort.header("x-filter-problem"), "");
}

#[test]
fn users_list_themselves_only() {
    let root = Root::new();
    let user = root.user(1, &json!({}));
    root.user(2, &json!({}));
    let token = token(&root.app, "13800000001");
    let list = |query: &str| {
        root.app
            .get(&format!("{USERS}/records?{query}"))
            .bearer(&token)
            .send()
    };
    for query in [
        "",
        "filter=id!=''",
        "sort=-created",
        "filter=openid='o_1'||openid='o_2'",
    ] {
        let seen = as_others_see(&user);
        assert_eq!(list(query).ok()["items"], json!([seen]), "{query}");
    }
    assert_eq!(list("filter=openid='o_2'").ok()["totalItems"], 0);
    assert_error(
        &list("filter=id=@request.auth.id"),
        403,
        "Only superusers can filter by @request.",
        &json!({}),
    );
    assert_eq!(
        root.app.get(&format!("{USERS}/records")).send().ok()["items"],
        json!([])
    );
}

#[test]
fn writers_do_not_wait_for_lists() {
    let root = Root::new();
    for n in 1..=40 {
        root.user(n, &json!({}));
    }
    std::thread::scope(|scope| {
        let lists: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    root.get(&format!(
                        "{USERS}/records?sort=users_name&filter=users_name~'9'"
                    ))
                    .ok()
                })
            })
            .collect();
        for n in 41..=50 {
            root.user(n, &json!({}));
        }
        for list in lists {
            let found = list.join().unwrap()["totalItems"].as_u64().unwrap();
            assert!((4..=5).contains(&found));
        }
    });
}

/// The most memory that this process has had since it was asked last, in MiB.
fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    fs::write("/proc/self/clear_refs", "5").unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
#[ignore = "takes 20 seconds; more with BAI_USERS"]
fn lists_of_many_users_take_bounded_memory_and_stop_no_writer() {
    let users: usize = std::env::var("BAI_USERS").map_or(20_000, |users| users.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let location = Location::File(folder.path().join("bai.redb"));
    {
        let store = Store::open(&location, 24 << 20).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let numbers: Vec<_> = (0..users).collect();
        for some in numbers.chunks(5000) {
            let name = |n: usize| Name::parse(&format!("{:07}", n * 7919 % 10_000_019)).unwrap();
            let new = |n: &usize| {
                Write::insert(User {
                    name: name(*n).into(),
                    ..new_user(*n)
                })
            };
            runtime
                .block_on(store.commit(some.iter().map(new).collect()))
                .unwrap();
        }
    }
    let root = Root::of(TestApp::spawn_on(&location, |_| ()));
    let before = {
        peak_mib();
        peak_mib()
    };
    // Deeper pages take several looks each, and the client of the tests waits for half a minute.
    let deepest = users.min(50_000) / 1000;
    let queries = [
        "page=2&perPage=1000".to_owned(),
        format!("page={deepest}&perPage=1000&sort=-created"),
        "perPage=1000&sort=users_name".to_owned(),
        format!("page={deepest}&perPage=1000&sort=users_name"),
        "filter=users_name~'99'&sort=-users_picture,users_name".to_owned(),
        "filter=users_picture!~'x'".to_owned(),
        "filter=users_phone='13800000001'".to_owned(),
    ];
    let timed = |query: &String| {
        let started = Instant::now();
        let list = root.get(&format!("{USERS}/records?{query}")).ok();
        (list["totalItems"].as_u64().unwrap(), started.elapsed())
    };
    for query in &queries {
        let (total, took) = timed(query);
        println!(
            "{total:>8} {took:>10.1?}  {query}  peak +{} MiB",
            peak_mib().saturating_sub(before)
        );
    }
    let (writes, slowest, lists) = std::thread::scope(|scope| {
        let deep = |n| {
            let page = users.min(20_000);
            format!("page={page}&perPage=1&sort=users_picture,-users_name&filter=users_name!='{n}'")
        };
        let lists: Vec<_> = (0..6)
            .map(|n| scope.spawn(move || timed(&deep(n))))
            .collect();
        let (mut writes, mut slowest) = (0, Duration::ZERO);
        for n in 0.. {
            let started = Instant::now();
            root.app
                .block_on(root.app.app.store.insert(new_user(users + n)))
                .unwrap();
            slowest = slowest.max(started.elapsed());
            writes += 1;
            if lists.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                break;
            }
        }
        (
            writes,
            slowest,
            lists
                .into_iter()
                .map(|list| list.join().unwrap())
                .collect::<Vec<_>>(),
        )
    });
    let peak = peak_mib().saturating_sub(before);
    println!(
        "six at once: {lists:.1?}, {writes} writes, the slowest took {slowest:.1?}, peak +{peak} MiB"
    );
    assert!(peak <= 128, "{peak} MiB");
    // Writers that wait for lists would get in between them only.
    assert!(writes > 20, "{writes} writes while six lists were made");
}
