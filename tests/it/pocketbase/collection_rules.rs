//! Access rules as superusers change them. What is refused, and how, a real PocketBase 0.40.6 answered the same, but for the words of
//! a rule that cannot be read, and for other fields, which it would change.

use std::thread;
use std::time::Duration;

use bai::store::Location;
use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};
use crate::support::logins::{superuser_token, user};
use crate::support::superuser::{EMAIL, Root};

const USERS: &str = "/api/collections/tbl_auth_users";
const COMPANIES: &str = "/api/collections/tbl_company";
const SUPERUSERS: &str = "/api/collections/_superusers";
const RULES: [&str; 7] = [
    "listRule",
    "viewRule",
    "createRule",
    "updateRule",
    "deleteRule",
    "authRule",
    "manageRule",
];

fn patch(root: &Root, collection: &str, body: &Value) -> Answer {
    root.call("PATCH", collection).json(body).send()
}

fn refused(root: &Root, collection: &str, body: &Value, errors: &Value) {
    let before = root.get(collection).ok();
    let answer = patch(root, collection, body);
    let expected =
        json!({ "data": errors, "message": "Failed to update collection.", "status": 400 });
    assert_eq!(answer.json(), expected, "{body}");
    assert_eq!(root.get(collection).ok(), before);
}

#[test]
fn each_rule_is_changed_by_itself_and_shown_at_once() {
    let root = Root::new();
    for (collection, rules) in [(USERS, &RULES[..]), (COMPANIES, &RULES[..5])] {
        for rule in rules {
            for text in [
                json!("id = @request.auth.id"),
                json!(null),
                json!("created > 1"),
            ] {
                let mut expected = root.get(collection).ok();
                root.app.clock.advance(Duration::from_secs(1));
                let answer = patch(&root, collection, &json!({ *rule: text })).ok();
                expected[*rule] = text;
                expected["updated"] = answer["updated"].clone();
                assert_eq!(answer, expected);
                assert_eq!(root.get(collection).ok(), expected);
            }
        }
    }
    let opened = patch(&root, COMPANIES, &json!({ "listRule": "", "viewRule": "" })).ok();
    assert_eq!(opened["listRule"], "");
}

#[test]
fn a_whole_collection_as_sdks_send_it_changes_its_rules() {
    let root = Root::new();
    let shown = root.get(USERS).ok();
    let mut whole = shown.clone();
    whole["listRule"] = "company_id = @request.auth.company_id".into();
    root.app.clock.advance(Duration::from_secs(1));
    let changed = patch(&root, USERS, &whole).ok();
    assert_eq!(changed["listRule"], whole["listRule"]);
    assert!(changed["updated"].as_str() > shown["updated"].as_str());
    // It still has the time of before.
    whole["viewRule"] = Value::Null;
    assert_eq!(patch(&root, USERS, &whole).ok()["viewRule"], Value::Null);
    let picked = root
        .call("PATCH", &format!("{USERS}?fields=viewRule"))
        .json(&json!({}))
        .send();
    assert_eq!(picked.text(), r#"{"viewRule":null}"#);
    let same = root.get(SUPERUSERS).ok();
    assert_eq!(patch(&root, SUPERUSERS, &same).ok(), same);
}

#[test]
fn a_rule_that_cannot_be_read_is_refused_with_its_place() {
    let root = Root::new();
    let unreadable = |why: &str| json!({ "code": "validation_invalid_rule", "message": format!("Invalid rule. Raw error: {why}.") });
    for (rule, text, why) in [
        (
            "listRule",
            "id = 1 && nofield = 1",
            r#"unknown field "nofield" at byte 10, where it says "nofield = 1""#,
        ),
        (
            "updateRule",
            "id = ",
            r"expected a comparison at byte 5, at the end",
        ),
        (
            "manageRule",
            "(id = 1",
            r#"( without its end at byte 0, where it says "(id = 1""#,
        ),
        (
            "deleteRule",
            "   ",
            r"expected a comparison at byte 3, at the end",
        ),
    ] {
        let answer = patch(&root, USERS, &json!({ rule: text }));
        assert_eq!(
            answer.json(),
            json!({ "data": { rule: unreadable(why) }, "message": "Failed to update collection.", "status": 400 }),
        );
    }
    // All that is wrong is named, and nothing is changed.
    let body = json!({ "listRule": "nofield = 1", "viewRule": "", "authRule": "id = " });
    let answer = patch(&root, USERS, &body).json();
    let named: Vec<_> = answer["data"].as_object().unwrap().keys().collect();
    assert_eq!(named, ["authRule", "listRule"]);
    assert_eq!(root.get(USERS).ok()["viewRule"], "id = @request.auth.id");
}

#[test]
fn what_is_no_rule_is_refused() {
    let root = Root::new();
    let fixed = json!({
        "code": "validation_not_changeable",
        "message": "Of a collection only the access rules can be changed (listRule, viewRule, createRule, updateRule, deleteRule, authRule, manageRule): leave this field out, or send it as GET /api/collections shows it.",
    });
    for field in ["name", "fields", "indexes", "authToken", "nosuch", "oauth2"] {
        refused(
            &root,
            USERS,
            &json!({ "listRule": null, field: "x" }),
            &json!({ field: fixed }),
        );
    }
    let system = json!({
        "code": "validation_collection_system_rule_change",
        "message": "System collection API rule cannot be changed: no rule binds superusers, and nobody else reaches this collection. Change the rules of tbl_auth_users or tbl_company.",
    });
    for rule in RULES {
        refused(
            &root,
            SUPERUSERS,
            &json!({ rule: "id = 1" }),
            &json!({ rule: system }),
        );
    }
    let blank =
        json!({ "code": "validation_nil_or_not_empty_required", "message": "Cannot be blank." });
    refused(
        &root,
        USERS,
        &json!({ "manageRule": "" }),
        &json!({ "manageRule": blank }),
    );
    let none = json!({
        "code": "validation_not_changeable",
        "message": "This collection has no such rule: only records of tbl_auth_users log in.",
    });
    for rule in ["authRule", "manageRule"] {
        refused(
            &root,
            COMPANIES,
            &json!({ rule: "id = 1" }),
            &json!({ rule: none }),
        );
    }
}

#[test]
fn a_body_that_is_no_collection_is_refused() {
    let root = Root::new();
    for body in [
        "[]",
        "x",
        r#"{"listRule":5}"#,
        r#"{"listRule":true}"#,
        r#"{"listRule":["a"]}"#,
    ] {
        let answer = root
            .call("PATCH", USERS)
            .header("Content-Type", "application/json")
            .body(body.as_bytes())
            .send();
        assert_eq!(
            answer.text(),
            r#"{"data":{},"message":"Failed to load the submitted data due to invalid formatting.","status":400}"#,
            "{body}"
        );
    }
}

#[test]
fn nobody_but_a_superuser_changes_rules() {
    let root = Root::new();
    let (_, alice) = user(&root.app, "13800138000");
    let before = root.get(USERS).ok();
    for (token, status) in [("", 401), (&alice[..], 403)] {
        let answer = root
            .app
            .call("PATCH", USERS)
            .header("Authorization", token)
            .json(&json!({ "listRule": "" }))
            .send();
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    assert_eq!(root.get(USERS).ok(), before);
}

#[test]
fn each_change_is_an_event_with_both_texts() {
    let root = Root::new();
    let long = format!("users_name != '{}'", "张".repeat(300));
    for text in [json!(long), json!(""), json!(null), json!(null)] {
        patch(
            &root,
            USERS,
            &json!({ "createRule": text, "deleteRule": null }),
        )
        .ok();
    }
    let events = root.events("kind=rule-change");
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            assert_eq!(
                (&event["actor"], &event["actorId"]),
                (&json!("superuser"), &root.record["id"])
            );
            assert_eq!(event["subject"], "tbl_auth_users.createRule");
            event["detail"].as_str().unwrap()
        })
        .collect();
    assert_eq!(
        told,
        [
            r#""" -> null"#.to_owned(),
            format!(r#""{long}" -> """#),
            format!(r#"null -> "{long}""#),
        ]
    );
}

#[test]
fn changes_at_once_lose_none_and_outlast_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let location = Location::File(dir.path().join("bai.redb"));
    let root = Root::of(TestApp::spawn_on(&location, |_| ()));
    thread::scope(|scope| {
        for (n, rule) in RULES.iter().enumerate() {
            let root = &root;
            scope.spawn(move || {
                for round in 0..5 {
                    let text = format!("users_rank_level = {n} && users_auth_type = {round}");
                    patch(root, USERS, &json!({ *rule: text })).ok();
                }
            });
        }
    });
    let rules = |app: &TestApp, token: &str| {
        let shown = app.get(USERS).header("Authorization", token).send().ok();
        RULES.map(|rule| shown[rule].as_str().unwrap().to_owned())
    };
    let expected: [String; 7] =
        std::array::from_fn(|n| format!("users_rank_level = {n} && users_auth_type = 4"));
    assert_eq!(rules(&root.app, &root.token), expected);
    drop(root);
    let app = TestApp::spawn_on(&location, |_| ());
    assert_eq!(rules(&app, &superuser_token(&app, EMAIL)), expected);
}
