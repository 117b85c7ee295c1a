//! The collections as superusers see them. `tests/fixtures/collections.json` is what a real PocketBase 0.40.6 with the same
//! collections answered, but for the dates.

use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};
use crate::support::logins::{superuser, user};

const RECORDED: &str = include_str!("../../fixtures/collections.json");
const COLLECTIONS: &str = "/api/collections";
const SOMETHING: &str = "Something went wrong while processing your request.";

fn get(app: &TestApp, token: &str, path: &str) -> Answer {
    app.get(&format!("{COLLECTIONS}{path}"))
        .header("Authorization", token)
        .send()
}

/// The text with each date of the standing clock as the fixture has it.
fn undated(app: &TestApp, text: &str) -> String {
    text.replace(
        &app.clock
            .now()
            .strftime("%Y-%m-%d %H:%M:%S.%3fZ")
            .to_string(),
        "<date>",
    )
}

fn recorded(name: &str) -> Value {
    let list: Value = serde_json::from_str(RECORDED).unwrap();
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["name"] == name)
        .unwrap()
        .clone()
}

fn names(app: &TestApp, token: &str, query: &str) -> Vec<String> {
    let list = get(app, token, query).ok();
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn collections_are_described_as_pocketbase_describes_them() {
    let app = TestApp::spawn();
    let (_, root) = superuser(&app, "root@example.com");
    assert_eq!(
        undated(&app, get(&app, &root, "").text()),
        RECORDED.trim_end()
    );
    for (path, name) in [
        ("/tbl_company", "tbl_company"),
        ("/TBL_company", "tbl_company"),
        ("/pbc_421601843", "tbl_auth_users"),
        ("/_superusers", "_superusers"),
    ] {
        assert_eq!(
            undated(&app, get(&app, &root, path).text()),
            recorded(name).to_string()
        );
    }
    let picked = get(
        &app,
        &root,
        "/tbl_auth_users?fields=name,authToken.duration",
    );
    assert_eq!(
        picked.text(),
        r#"{"name":"tbl_auth_users","authToken":{"duration":432000}}"#
    );
}

#[test]
fn collections_are_found_sorted_and_paged() {
    let app = TestApp::spawn();
    let (_, root) = superuser(&app, "root@example.com");
    for (query, expected) in [
        (
            "?filter=type='auth'",
            &["_superusers", "tbl_auth_users"][..],
        ),
        ("?filter=system=false%26%26name~'comp'", &["tbl_company"]),
        (
            "?sort=-name",
            &["tbl_company", "tbl_auth_users", "_superusers"],
        ),
        (
            "?sort=-type,name",
            &["tbl_company", "_superusers", "tbl_auth_users"],
        ),
        (
            "?sort=-@rowid",
            &["tbl_auth_users", "tbl_company", "_superusers"],
        ),
        ("?perPage=2&page=2&fields=name", &["tbl_auth_users"]),
        ("?page=7", &[]),
    ] {
        assert_eq!(names(&app, &root, query), expected, "{query}");
    }
    let page = get(&app, &root, "?perPage=2&page=2&fields=name").ok();
    assert_eq!(
        page,
        json!({ "items": [{ "name": "tbl_auth_users" }], "page": 2, "perPage": 2, "totalItems": 3, "totalPages": 2 })
    );
    let uncounted = get(&app, &root, "?skipTotal=1&perPage=2000&fields=id").ok();
    assert_eq!(
        (
            &uncounted["totalItems"],
            &uncounted["totalPages"],
            &uncounted["perPage"]
        ),
        (&json!(-1), &json!(-1), &json!(1000))
    );
    for query in [
        "?page=x",
        "?sort=fields",
        "?filter=listRule=''",
        "?filter=name%20name",
        "?filter=@request.auth.id!=''",
    ] {
        let refused = get(&app, &root, query);
        assert_eq!(
            refused.text(),
            format!(r#"{{"data":{{}},"message":"{SOMETHING}","status":400}}"#),
            "{query}"
        );
    }
}

#[test]
fn only_superusers_see_collections_and_nobody_makes_or_removes_any() {
    let app = TestApp::spawn();
    let (_, root) = superuser(&app, "root@example.com");
    let (_, alices) = user(&app, "13800138000");
    let no_token = "The request requires valid record authorization token.";
    let not_allowed = "The authorized record is not allowed to perform this action.";
    let read_only =
        "The collections of this server are what they are: only their access rules can be changed.";
    let not_found = "The requested resource wasn't found.";
    for (method, path) in [
        ("GET", ""),
        ("GET", "/tbl_company"),
        ("GET", "/nope"),
        ("POST", ""),
        ("PATCH", "/tbl_company"),
        ("DELETE", "/nope"),
    ] {
        for (token, status, message) in [("no token", 401, no_token), (&alices, 403, not_allowed)] {
            let answer = app
                .call(method, &format!("{COLLECTIONS}{path}"))
                .header("Authorization", token)
                .send();
            assert_eq!(
                answer.text(),
                format!(r#"{{"data":{{}},"message":"{message}","status":{status}}}"#),
                "{method} {path}"
            );
        }
    }
    for (method, path, status, message) in [
        ("POST", "", 403, read_only),
        ("DELETE", "/pbc_421601843", 403, read_only),
        ("PATCH", "/nope", 404, not_found),
        ("DELETE", "/nope", 404, not_found),
        ("GET", "/nope", 404, not_found),
        ("GET", "/tbl_company/", 404, "File not found."),
        ("PUT", "/tbl_company", 404, not_found),
        ("PUT", "", 404, not_found),
    ] {
        let call = app
            .call(method, &format!("{COLLECTIONS}{path}"))
            .header("Authorization", &root);
        let answer = if method == "GET" {
            call.send()
        } else {
            call.json(&json!({ "name": "x" })).send()
        };
        assert_eq!(
            answer.text(),
            format!(r#"{{"data":{{}},"message":"{message}","status":{status}}}"#),
            "{method} {path}"
        );
    }
    assert_eq!(
        names(&app, &root, ""),
        ["_superusers", "tbl_company", "tbl_auth_users"]
    );
}
