//! Bodies of changes in PocketBase's dialect: modifiers, casts, and what is empty. The expected values are those of a real
//! PocketBase 0.40.6 that was asked the same, unless a comment says that ours is another.

use bai::clock::Clock;
use bai::domain::Collections;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::pocketbase_api::{COMPANIES, SUPERUSERS, USERS, log_in, path};
use crate::support::superuser::{Root, log_in as log_in_superuser, person};

/// Fields of a deployment, one of each type.
fn own_fields() -> Value {
    json!([
        { "name": "o_text", "type": "text", "min": 2, "max": 10, "pattern": "^[a-z]+$" },
        { "name": "o_auto", "type": "text", "autogeneratePattern": "[a-z]{5}" },
        { "name": "o_plain", "type": "text" },
        { "name": "o_num", "type": "number" },
        { "name": "o_int", "type": "number", "onlyInt": true, "min": -5, "max": 100 },
        { "name": "o_bool", "type": "bool" },
        { "name": "o_edit", "type": "editor" },
        { "name": "o_edit50", "type": "editor", "maxSize": 50 },
        { "name": "o_mail", "type": "email", "onlyDomains": ["a.com"], "exceptDomains": [] },
        { "name": "o_mailx", "type": "email", "exceptDomains": ["b.com"] },
        { "name": "o_url", "type": "url", "onlyDomains": ["a.com"] },
        { "name": "o_urlx", "type": "url", "exceptDomains": ["b.com"] },
        { "name": "o_date", "type": "date", "min": "", "max": "" },
        { "name": "o_datem", "type": "date", "min": "2020-01-01 00:00:00.000Z", "max": "2030-01-01 00:00:00.500Z" },
        { "name": "o_json60", "type": "json", "maxSize": 60 },
        { "name": "o_created", "type": "autodate", "onCreate": true, "onUpdate": false },
        { "name": "o_updated", "type": "autodate", "onCreate": false, "onUpdate": true },
        { "name": "o_both", "type": "autodate", "onCreate": true, "onUpdate": true },
        { "name": "o_one", "type": "select", "maxSelect": 1, "values": ["a", "b", "c"] },
        { "name": "o_many", "type": "select", "maxSelect": 3, "values": ["a", "b", "c", "d"] },
        { "name": "o_json", "type": "json" },
        { "name": "o_point", "type": "geoPoint" },
        { "name": "o_rel", "type": "relation", "maxSelect": 9 },
        { "name": "o_hidden", "type": "text", "hidden": true },
    ])
}

/// A server whose users and companies have fields of a deployment, too.
fn with_own_fields() -> Root {
    let root = Root::of(TestApp::spawn());
    let mut collections = Collections::new(Clock::System.now());
    collections.users.fields = Some(own_fields().to_string());
    collections.companies.fields = Some(own_fields().to_string());
    root.app.set_collections(collections);
    root
}

/// A table of bodies, each with the value that a field has then, or the code of its error.
fn assert_changes(
    root: &Root,
    collection: &str,
    record: &Value,
    cases: Vec<(Value, Value, Value)>,
) {
    let id = &record["id"];
    for (before, body, expected) in cases {
        let field = before.as_object().unwrap().keys().next().unwrap();
        root.update(collection, id, &before).ok();
        let answer = root.update(collection, id, &body);
        assert_eq!(outcome(&answer.json(), field), expected, "{before} {body}");
        if answer.status == 200 {
            assert_eq!(root.get(&path(collection, id)).ok()[field], expected);
        }
    }
}

/// The value of a field in an answer, or the code of its error.
fn outcome(answer: &Value, field: &str) -> Value {
    match answer.get("data") {
        Some(errors) => errors[field]["code"].clone(),
        None => answer[field].clone(),
    }
}

struct Login {
    collection: &'static str,
    record: Value,
    token: String,
}

/// A new user and a new superuser, each with a token.
fn logins(root: &Root, n: u32) -> [Login; 2] {
    let user = root.user(n, &json!({}));
    let token = log_in(
        &root.app,
        &json!({ "identity": user["email"], "password": PASSWORD }),
    );
    let email = format!("super{n}@example.com");
    let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
    let superuser = root.create(SUPERUSERS, &body).ok();
    let super_token = log_in_superuser(&root.app, &email, PASSWORD);
    [(USERS, user, token), (SUPERUSERS, superuser, super_token)].map(
        |(collection, record, login)| {
            let token = login.ok()["token"].as_str().unwrap().to_owned();
            Login {
                collection,
                record,
                token,
            }
        },
    )
}

fn is_valid(root: &Root, login: &Login) -> bool {
    let call = root.app.post(&format!("{}/auth-refresh", login.collection));
    call.header("Authorization", &login.token).send().status == 200
}

#[test]
fn a_token_key_that_a_superuser_sets_ends_the_tokens_or_is_refused() {
    let root = Root::new();
    let short = "validation_min_text_constraint";
    let long = "validation_max_text_constraint";
    let blank = "validation_required";
    let cases = [
        (json!({ "tokenKey:autogenerate": "" }), None),
        (json!({ "tokenKey:autogenerate": null }), None),
        (json!({ "tokenKey:autogenerate": ["a"] }), None),
        (json!({ "tokenKey:autogenerate": "pre" }), None),
        (
            json!({ "tokenKey:autogenerate": "p".repeat(11) }),
            Some(long),
        ),
        (json!({ "tokenKey": "k".repeat(30) }), None),
        (
            json!({ "tokenKey": "x", "tokenKey:autogenerate": "" }),
            None,
        ),
        (json!({ "tokenKey": "k".repeat(29) }), Some(short)),
        (json!({ "tokenKey": 7 }), Some(short)),
        (json!({ "tokenKey": "k".repeat(61) }), Some(long)),
        (json!({ "tokenKey": "" }), Some(blank)),
        (json!({ "tokenKey": null }), Some(blank)),
    ];
    for (n, (body, error)) in (1..).zip(cases) {
        for login in logins(&root, n) {
            let answer = root.update(login.collection, &login.record["id"], &body);
            assert_eq!(outcome(&answer.json(), "tokenKey"), json!(error), "{body}");
            assert_eq!(answer.status, if error.is_some() { 400 } else { 200 });
            assert_eq!(is_valid(&root, &login), error.is_some(), "{body}");
        }
    }
}

#[test]
fn modifiers_that_pocketbase_does_not_have_for_a_token_key_change_nothing() {
    let root = Root::new();
    for (n, key) in (1..).zip([
        "tokenKey+",
        "+tokenKey",
        "tokenKey-",
        "password:autogenerate",
    ]) {
        for login in logins(&root, n) {
            let id = &login.record["id"];
            root.update(login.collection, id, &json!({ key: "x".repeat(40) }))
                .ok();
            assert!(is_valid(&root, &login), "{key}");
        }
    }
}

#[test]
fn an_old_password_without_a_new_one_is_refused_to_superusers_too() {
    let root = Root::new();
    let blank = json!("validation_required");
    for login in logins(&root, 1) {
        let id = &login.record["id"];
        let answer = root.update(login.collection, id, &json!({ "oldPassword": PASSWORD }));
        for field in ["password", "passwordConfirm"] {
            assert_eq!(outcome(&answer.json(), field), blank, "{field}");
        }
        assert!(is_valid(&root, &login));
    }
}

#[test]
fn a_user_who_sends_a_token_key_is_not_heard() {
    let root = Root::new();
    let [user, _] = logins(&root, 1);
    for key in ["tokenKey", "tokenKey:autogenerate"] {
        let call = root.app.call("PATCH", &path(USERS, &user.record["id"]));
        let call = call.header("Authorization", &user.token);
        call.json(&json!({ key: "k".repeat(40) })).send().ok();
        assert!(is_valid(&root, &user), "{key}");
    }
}

#[test]
fn ending_tokens_by_their_key_is_an_event() {
    let root = Root::new();
    for login in logins(&root, 1) {
        let id = &login.record["id"];
        let kinds = || -> Vec<Value> {
            let events = root.events("");
            events.iter().map(|event| event["kind"].clone()).collect()
        };
        let before = kinds();
        root.update(login.collection, id, &json!({ "tokenKey": "k".repeat(40) }))
            .ok();
        let [newest, older @ ..] = &kinds()[..] else {
            panic!("an event");
        };
        assert_eq!((newest, older), (&json!("token-revoke"), &before[..]));
        // The same key again ends nothing.
        root.update(login.collection, id, &json!({ "tokenKey": "k".repeat(40) }))
            .ok();
        assert_eq!(kinds().len(), before.len() + 1);
        let both = json!({ "tokenKey:autogenerate": "", "emailVisibility": true });
        root.update(login.collection, id, &both).ok();
        assert_eq!(
            kinds()[..2],
            ["record-update", "token-revoke"].map(Value::from)
        );
    }
}

#[test]
fn an_id_is_never_changed_and_may_be_generated_for_a_new_record() {
    let root = Root::new();
    let company = root.create(COMPANIES, &json!({ "company_id": "C" })).ok();
    let [user, superuser] = logins(&root, 1);
    for (collection, record) in [
        (COMPANIES, &company),
        (USERS, &user.record),
        (SUPERUSERS, &superuser.record),
    ] {
        for (body, expected) in [
            (
                json!({ "id:autogenerate": "" }),
                json!("validation_pk_change"),
            ),
            (json!({ "id": "" }), json!("validation_pk_change")),
            (json!({ "id": null }), json!("validation_pk_change")),
            (json!({ "id": record["id"] }), record["id"].clone()),
            (json!({ "id+": "x" }), record["id"].clone()),
        ] {
            let answer = root.update(collection, &record["id"], &body);
            assert_eq!(
                outcome(&answer.json(), "id"),
                expected,
                "{collection} {body}"
            );
        }
    }
    let new = |n: u32, id: &Value| root.create(USERS, &person(n, id));
    for (n, id) in (2..).zip([
        json!({ "id:autogenerate": "" }),
        json!({ "id": "" }),
        json!({ "id": null }),
    ]) {
        assert_eq!(new(n, &id).ok()["id"].as_str().unwrap().len(), 15, "{id}");
    }
    for (id, code) in [
        (
            json!({ "id:autogenerate": "abc" }),
            "validation_max_text_constraint",
        ),
        (
            json!({ "id": "a1b2c3d4e5f6g7h8" }),
            "validation_max_text_constraint",
        ),
        (json!({ "id": 0 }), "validation_min_text_constraint"),
    ] {
        assert_eq!(outcome(&new(9, &id).json(), "id"), code, "{id}");
    }
}

#[test]
fn of_one_field_the_value_is_set_first_and_then_the_modifiers_are_applied() {
    let root = with_own_fields();
    let user = root.user(1, &json!({}));
    let cases = vec![
        (
            json!({ "users_rank_level": 1 }),
            json!({ "users_rank_level": 10, "users_rank_level+": 5 }),
            json!(15),
        ),
        (
            json!({ "users_rank_level": 1 }),
            json!({ "users_rank_level+": 5, "users_rank_level": 10 }),
            json!(15),
        ),
        (
            json!({ "users_rank_level": 1 }),
            json!({ "users_rank_level+": 5, "users_rank_level-": "2" }),
            json!(4),
        ),
        (
            json!({ "users_rank_level": 1 }),
            json!({ "+users_rank_level": 5 }),
            json!(1),
        ),
        (
            json!({ "users_rank_level": 1 }),
            json!({ "users_rank_level+": "NaN" }),
            json!("validation_not_a_number"),
        ),
        // Ranks are whole numbers here.
        (
            json!({ "users_rank_level": 1 }),
            json!({ "users_rank_level+": 0.5 }),
            json!("validation_only_int_constraint"),
        ),
        (
            json!({ "o_num": 1 }),
            json!({ "o_num-": -1.5, "o_num": "10" }),
            json!(11.5),
        ),
        (json!({ "o_num": 1 }), json!({ "o_num+": true }), json!(2)),
        (
            json!({ "o_int": 1 }),
            json!({ "o_int+": "1e3" }),
            json!("validation_max_number_constraint"),
        ),
        (
            json!({ "o_int": 1 }),
            json!({ "o_int-": 1000 }),
            json!("validation_min_number_constraint"),
        ),
        (
            json!({ "o_one": "a" }),
            json!({ "o_one+": "b" }),
            json!("b"),
        ),
        (
            json!({ "o_one": "a" }),
            json!({ "+o_one": "b" }),
            json!("a"),
        ),
        (
            json!({ "o_one": "a" }),
            json!({ "o_one-": ["a"] }),
            json!(""),
        ),
        (
            json!({ "o_one": "a" }),
            json!({ "o_one-": "a", "o_one+": "c" }),
            json!("c"),
        ),
        (
            json!({ "o_one": "a" }),
            json!({ "o_one+": 7 }),
            json!("validation_invalid_value"),
        ),
        (
            json!({ "o_many": ["a", "b"] }),
            json!({ "o_many+": "c" }),
            json!(["a", "b", "c"]),
        ),
        (
            json!({ "o_many": ["a", "b"] }),
            json!({ "+o_many": "[\"c\"]" }),
            json!(["c", "a", "b"]),
        ),
        (
            json!({ "o_many": ["a", "b"] }),
            json!({ "+o_many": "b" }),
            json!(["b", "a"]),
        ),
        (
            json!({ "o_many": ["a", "b"] }),
            json!({ "o_many-": ["a", "d"] }),
            json!(["b"]),
        ),
        (
            json!({ "o_many": ["a", "b"] }),
            json!({ "o_many": "c", "+o_many": "a" }),
            json!(["a", "c"]),
        ),
        (
            json!({ "o_many": ["a", "b"] }),
            json!({ "o_many+": ["c", "d"] }),
            json!("validation_too_many_values"),
        ),
        (
            json!({ "o_rel": ["x"] }),
            json!({ "o_rel+": "y" }),
            json!(["x", "y"]),
        ),
        (
            json!({ "users_type": "游客" }),
            json!({ "users_type+": "注册用户" }),
            json!("注册用户"),
        ),
        (
            json!({ "users_type": "游客" }),
            json!({ "+users_type": "注册用户" }),
            json!("游客"),
        ),
        // A user always has one of the two types here.
        (
            json!({ "users_type": "游客" }),
            json!({ "users_type-": "游客" }),
            json!("validation_required"),
        ),
        (
            json!({ "users_name": "n" }),
            json!({ "users_name:autogenerate": "q" }),
            json!("q"),
        ),
        (
            json!({ "users_name": "n" }),
            json!({ "users_name+": "q" }),
            json!("n"),
        ),
        (
            json!({ "o_plain": "n" }),
            json!({ "o_plain:autogenerate": 1 }),
            json!("1"),
        ),
        (
            json!({ "o_text": "abc" }),
            json!({ "o_text:autogenerate": "q" }),
            json!("validation_min_text_constraint"),
        ),
        (
            json!({ "o_edit": "n" }),
            json!({ "o_edit:autogenerate": "q" }),
            json!("n"),
        ),
        (
            json!({ "o_bool": true }),
            json!({ "o_bool+": 1, "o_bool-": 1 }),
            json!(true),
        ),
        (
            json!({ "o_json": [1] }),
            json!({ "o_json+": 1 }),
            json!([1]),
        ),
        // Ours: PocketBase generates a text.
        (
            json!({ "o_auto": "n" }),
            json!({ "o_auto:autogenerate": "q" }),
            json!("validation_not_supported"),
        ),
    ];
    assert_changes(&root, USERS, &user, cases);
    let company = root.create(COMPANIES, &json!({ "company_id": "C" })).ok();
    // Ours: PocketBase keeps hidden fields, and shows them to superusers.
    for (collection, record) in [(USERS, &user), (COMPANIES, &company)] {
        for key in ["o_hidden", "o_hidden:autogenerate"] {
            let answer = root.update(collection, &record["id"], &json!({ key: "x" }));
            assert_eq!(
                outcome(&answer.json(), "o_hidden"),
                "validation_not_supported"
            );
        }
    }
}

#[test]
fn the_owner_changes_by_no_modifier_what_is_fixed() {
    let root = Root::new();
    let [user, _] = logins(&root, 1);
    let patch = |body: &Value| {
        let call = root.app.call("PATCH", &path(USERS, &user.record["id"]));
        call.header("Authorization", &user.token)
            .json(body)
            .send()
            .status
    };
    for (body, status) in [
        (json!({ "users_status-": 1 }), 404),
        (json!({ "users_status+": 0 }), 200),
        (
            json!({ "users_rank_level": 0, "users_rank_level+": 1 }),
            404,
        ),
        (json!({ "users_idtype+": "WeChat" }), 404),
        (json!({ "+users_idtype": "WeChat" }), 200),
        (json!({ "openid:autogenerate": "x" }), 404),
        (json!({ "users_id:autogenerate": "" }), 404),
        (json!({ "users_convers_id": null }), 404),
    ] {
        assert_eq!(patch(&body), status, "{body}");
    }
}

#[test]
fn a_default_is_for_what_is_not_sent_and_for_nothing_else() {
    let root = with_own_fields();
    let blank = json!("validation_required");
    let cases = [
        ("users_status", json!(0), json!(0)),
        ("users_status", json!(""), json!(0)),
        ("users_status", json!(null), json!(0)),
        ("users_status", json!(false), json!(0)),
        ("users_status", json!("0"), json!(0)),
        ("users_status", json!([]), json!(0)),
        ("users_rank_level", json!(""), json!(0)),
        ("users_convers_id", json!(""), json!("")),
        ("users_name", json!(""), json!("")),
        ("users_phone", json!(""), json!("")),
        ("openid", json!(""), blank.clone()),
        ("email", json!(null), blank.clone()),
        ("o_text", json!(""), json!("")),
        ("o_one", json!(null), json!("")),
        ("o_many", json!(""), json!([])),
        ("o_json", json!(""), json!("")),
        ("o_json", json!(0), json!(0)),
        ("o_point", json!(0), json!({ "lon": 0, "lat": 0 })),
        // Ours: PocketBase keeps the empty text, which the contract does not know.
        ("users_idtype", json!(""), blank.clone()),
        ("users_type", json!([]), blank),
    ];
    for (n, (field, sent, expected)) in (1..).zip(cases) {
        let answer = root.create(USERS, &person(n, &json!({ field: sent })));
        assert_eq!(outcome(&answer.json(), field), expected, "{field} {sent}");
    }
    let disabled = person(50, &json!({ "users_status": 0 }));
    root.create(USERS, &disabled).ok();
    assert_eq!(root.app.login("13800000050", PASSWORD).status, 400);
    let nothing = root.user(51, &json!({}));
    for (field, expected) in [
        ("users_status", json!(1)),
        ("users_type", json!("注册用户")),
        ("o_num", json!(0)),
        ("o_many", json!([])),
        ("o_json", json!(null)),
        ("o_date", json!("")),
    ] {
        assert_eq!(nothing[field], expected, "{field}");
    }
}

#[test]
fn a_select_takes_whatever_pocketbase_casts_to_it() {
    let root = with_own_fields();
    let user = root.user(1, &json!({}));
    let mut cases = Vec::new();
    for (sent, one, many) in [
        (json!("a"), json!("a"), json!(["a"])),
        (json!(["a"]), json!("a"), json!(["a"])),
        (json!(["a", "b"]), json!("b"), json!(["a", "b"])),
        (json!(["b", "", "b"]), json!("b"), json!(["b"])),
        (json!("[\"a\",\"b\"]"), json!("b"), json!(["a", "b"])),
        (json!("[]"), json!(""), json!([])),
        (json!([["a"]]), json!(""), json!([])),
        (json!({ "a": 1 }), json!(""), json!([])),
        (json!(null), json!(""), json!([])),
        (
            json!([1, "a"]),
            json!("a"),
            json!("validation_invalid_value"),
        ),
        (
            json!(true),
            json!("validation_invalid_value"),
            json!("validation_invalid_value"),
        ),
        (
            json!("a,b"),
            json!("validation_invalid_value"),
            json!("validation_invalid_value"),
        ),
    ] {
        cases.push((json!({ "o_one": "c" }), json!({ "o_one": sent }), one));
        cases.push((json!({ "o_many": "c" }), json!({ "o_many": sent }), many));
    }
    assert_changes(&root, USERS, &user, cases);
    for (n, (sent, expected)) in (2..).zip([
        (json!(["游客"]), json!("游客")),
        (json!(["注册用户", "游客"]), json!("游客")),
        (json!("[\"游客\"]"), json!("游客")),
        (json!(["nope"]), json!("validation_invalid_value")),
    ]) {
        let answer = root.create(USERS, &person(n, &json!({ "users_type": sent })));
        assert_eq!(outcome(&answer.json(), "users_type"), expected, "{sent}");
    }
    let form = "users_type=%E6%B3%A8%E5%86%8C%E7%94%A8%E6%88%B7&users_type=%E6%B8%B8%E5%AE%A2";
    let call = root.call("PATCH", &path(USERS, &user["id"]));
    let call = call.header("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(call.body(form.as_bytes()).send().ok()["users_type"], "游客");
}

#[test]
fn values_are_cast_both_ways() {
    let root = with_own_fields();
    let company = root.create(COMPANIES, &json!({ "company_id": "C" })).ok();
    let not_a_number = json!("validation_not_a_number");
    let mut cases = Vec::new();
    for (sent, number, text) in [
        (json!("1e3"), json!(1000), json!("1e3")),
        (json!(" 5 "), json!(0), json!(" 5 ")),
        (json!("0x10"), json!(0), json!("0x10")),
        (json!("1_000"), json!(1000), json!("1_000")),
        (json!("NaN"), not_a_number.clone(), json!("NaN")),
        (json!("-Inf"), not_a_number, json!("-Inf")),
        (json!("1e400"), json!(0), json!("1e400")),
        (json!("5abc"), json!(0), json!("5abc")),
        (json!(true), json!(1), json!("true")),
        (json!(null), json!(0), json!("")),
        (json!([5]), json!(0), json!("")),
        (json!({ "a": 5 }), json!(0), json!("")),
        (json!(0.5), json!(0.5), json!("0.5")),
        (json!(1e20), json!(1e20), json!("100000000000000000000")),
        (json!(1e-7), json!(1e-7), json!("0.0000001")),
        (json!(-0.0), json!(0), json!("-0")),
    ] {
        cases.push((json!({ "o_num": 3 }), json!({ "o_num": sent }), number));
        cases.push((json!({ "o_plain": "x" }), json!({ "o_plain": sent }), text));
    }
    for (sent, expected) in [
        (json!("T"), true),
        (json!("yes"), false),
        (json!(2), true),
        (json!("2"), false),
        (json!([true]), false),
    ] {
        let before = json!({ "o_bool": !expected });
        cases.push((before, json!({ "o_bool": sent }), json!(expected)));
    }
    for (sent, expected) in [
        (json!("5"), json!(5)),
        (json!(" 5"), json!(" 5")),
        (json!("{\"a\":[1]}"), json!({ "a": [1] })),
        (json!("[1"), json!("[1")),
    ] {
        cases.push((json!({ "o_json": 1 }), json!({ "o_json": sent }), expected));
    }
    for (sent, expected) in [
        (json!({ "lon": 1, "lat": 2 }), json!({ "lon": 1, "lat": 2 })),
        (
            json!({ "lon": "1", "lat": 2 }),
            json!({ "lon": 0, "lat": 0 }),
        ),
        (
            json!({ "lon": 999, "lat": 2 }),
            json!("validation_invalid_longitude"),
        ),
        (
            json!({ "lon": 0, "lat": -91 }),
            json!("validation_invalid_latitude"),
        ),
    ] {
        cases.push((
            json!({ "o_point": null }),
            json!({ "o_point": sent }),
            expected,
        ));
    }
    for (field, sent, expected) in [
        ("o_int", json!(0.5), json!("validation_only_int_constraint")),
        (
            "o_int",
            json!(1e21),
            json!("validation_only_int_constraint"),
        ),
        ("o_int", json!("100"), json!(100)),
        ("o_text", json!("a1"), json!("validation_invalid_format")),
        (
            "o_text",
            json!("a"),
            json!("validation_min_text_constraint"),
        ),
        (
            "o_date",
            json!("2026-11-22 13:50:36 +0800"),
            json!("2026-11-22 05:50:36.000Z"),
        ),
        ("o_date", json!("2026-11-22 05:50"), json!("")),
        ("o_date", json!("2022-01-01 10:00:60"), json!("")),
        ("o_date", json!("2022-01-01 10:00:00 UTC"), json!("")),
        ("o_date", json!("2022-01-01T10:00:00."), json!("")),
        ("o_date", json!("0001-01-01"), json!("")),
        (
            "o_date",
            json!("10:00PM"),
            json!("0000-01-01 22:00:00.000Z"),
        ),
        ("o_date", json!(20_261_122), json!("")),
    ] {
        cases.push((json!({ field: null }), json!({ field: sent }), expected));
    }
    assert_changes(&root, COMPANIES, &company, cases);
}

#[test]
fn a_field_of_a_deployment_keeps_its_constraints() {
    let root = with_own_fields();
    let size = "validation_content_size_limit";
    let json_size = "validation_json_size_limit";
    let email = "validation_email_domain_not_allowed";
    let url = "validation_url_domain_not_allowed";
    let early = "validation_min_greater_equal_than_required";
    let late = "validation_max_less_equal_than_required";
    let cases = [
        ("o_datem", json!("2006-01-02T15:04:05-0700"), Some(early)),
        ("o_datem", json!("2019-12-31 23:59:59.999Z"), Some(early)),
        ("o_datem", json!("2020-01-01 00:00:00.000Z"), None),
        ("o_datem", json!("2030-01-01 00:00:00.500Z"), None),
        ("o_datem", json!("2030-01-01 00:00:00.501Z"), Some(late)),
        ("o_datem", json!(""), None),
        ("o_edit50", json!("x".repeat(50)), None),
        ("o_edit50", json!("x".repeat(51)), Some(size)),
        ("o_edit50", json!("张".repeat(16)), None),
        ("o_edit50", json!("张".repeat(17)), Some(size)),
        ("o_edit", json!("x".repeat(20_000)), None),
        ("o_json60", json!("x".repeat(58)), None),
        ("o_json60", json!("x".repeat(59)), Some(json_size)),
        ("o_json60", json!({ "a": "x".repeat(52) }), None),
        ("o_json60", json!({ "a": "x".repeat(53) }), Some(json_size)),
        ("o_json60", json!(vec![1; 29]), None),
        ("o_json60", json!(vec![1; 30]), Some(json_size)),
        ("o_mail", json!("a@a.com"), None),
        ("o_mail", json!("a@b.com"), Some(email)),
        ("o_mail", json!("a@A.com"), Some(email)),
        ("o_mail", json!("a@x.a.com"), Some(email)),
        ("o_mail", json!("x"), Some("validation_is_email")),
        ("o_mail", json!(""), None),
        ("o_mailx", json!("a@a.com"), None),
        ("o_mailx", json!("a@b.com"), Some(email)),
        ("o_url", json!("https://a.com/x?y#z"), None),
        ("o_url", json!("http://user@a.com/"), None),
        ("o_url", json!("http://a.com:8080/"), Some(url)),
        ("o_url", json!("http://b.com"), Some(url)),
        ("o_url", json!("a.com"), Some(url)),
        ("o_urlx", json!("http://a.com"), None),
        ("o_urlx", json!("http://b.com"), Some(url)),
        ("o_urlx", json!("http://b.com:80"), None),
    ];
    let company = root.create(COMPANIES, &json!({ "company_id": "C" })).ok();
    let user = root.user(1, &json!({}));
    for (collection, record) in [(COMPANIES, &company), (USERS, &user)] {
        for (field, value, expected) in &cases {
            let answer = root.update(collection, &record["id"], &json!({ *field: value }));
            let code = answer.json()["data"][field]["code"].clone();
            assert_eq!(code.as_str(), *expected, "{field} {value}");
        }
    }
    let set = |value| root.update(COMPANIES, &company["id"], &json!({ "o_datem": value }));
    assert_eq!(
        set("2031-01-01").json()["data"]["o_datem"],
        json!({
            "code": late,
            "message": "Must be no greater than 2030-01-01 00:00:00.5 +0000 UTC.",
            "params": { "threshold": "2030-01-01T00:00:00.5Z" },
        })
    );
}

#[test]
fn the_dates_of_a_deployment_are_set_by_the_server() {
    let root = with_own_fields();
    let sent =
        json!({ "o_created": "2020-01-01", "o_updated": "2020-01-01", "o_both": "2020-01-01" });
    let mut company = sent.clone();
    company["company_id"] = "C".into();
    for (collection, body) in [(COMPANIES, company), (USERS, person(1, &sent))] {
        let new = root.create(collection, &body).ok();
        let created = new["created"].clone();
        assert_eq!(new["o_created"], created, "{collection}");
        assert_eq!(new["o_updated"], "", "{collection}");
        assert_eq!(new["o_both"], created, "{collection}");
        root.app.clock.advance(std::time::Duration::from_secs(5));
        let changed = root.update(collection, &new["id"], &sent).ok();
        assert_ne!(changed["updated"], created);
        assert_eq!(changed["o_created"], created, "{collection}");
        assert_eq!(changed["o_updated"], changed["updated"], "{collection}");
        assert_eq!(changed["o_both"], changed["updated"], "{collection}");
    }
}

#[test]
fn filters_look_into_lists() {
    let root = with_own_fields();
    for (key, many) in [
        ("two", json!(["a", "b"])),
        ("one", json!(["a"])),
        ("none", json!([])),
    ] {
        let body = json!({ "company_id": key, "o_many": many, "o_one": "a" });
        root.create(COMPANIES, &body).ok();
    }
    let keys = |filter: &str| -> Vec<String> {
        let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let list = root.get(&format!(
            "{COMPANIES}/records?sort=company_id&filter={filter}"
        ));
        let items = list.ok()["items"].as_array().unwrap().clone();
        let key = |item: &Value| item["company_id"].as_str().unwrap().to_owned();
        items.iter().map(key).collect()
    };
    for (filter, expected) in [
        ("o_many:length = 2", vec!["two"]),
        ("o_many:length < 2", vec!["none", "one"]),
        ("o_one:length = 1", vec!["none", "one", "two"]),
        ("o_many:each = 'a'", vec!["one"]),
        ("o_many:each ?= 'a'", vec!["one", "two"]),
        ("o_many:each ?= 'b'", vec!["two"]),
        ("o_many:each != 'b'", vec!["none", "one"]),
        ("o_many:each ~ 'a'", vec!["one"]),
        ("'a' = o_many:each", vec!["one"]),
        ("o_many:each ?!= 'a'", vec!["none", "two"]),
        ("o_many:each !~ 'b'", vec!["one"]),
        ("o_many:each = null", vec!["none"]),
        ("o_many:each != null", vec!["one", "two"]),
        ("o_one:each = 'a'", vec!["none", "one", "two"]),
        (
            "@request.auth.collectionName = '_superusers'",
            vec!["none", "one", "two"],
        ),
        ("@request.auth.collectionName = 'x'", vec![]),
    ] {
        assert_eq!(keys(filter), expected, "{filter}");
    }
    // Not served.
    for filter in [
        "strftime('%Y', created) = '2026'",
        "geoDistance(1, 2, 3, 4) > 1",
        "o_point.lon > 1",
        "o_json.k = 1",
        "o_hidden = ''",
        "@request.method = 'GET'",
        "@request.auth.collectionId != ''",
        "@collection.tbl_company.id ?= 'x'",
    ] {
        let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let list = root.get(&format!("{COMPANIES}/records?filter={filter}"));
        assert_eq!(list.status, 400, "{filter}");
    }
}
