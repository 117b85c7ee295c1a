//! The served document says what the contract says, in both directions.
//!
//! Compared by meaning: after `$ref` and `allOf` are resolved, wherever a schema stands. What we add is listed
//! by name in [`ADDED_STATUSES`] and in the functions below, and nothing else may differ.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::support::openapi_document::DOCUMENT;

static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_yaml::from_str(include_str!("../../fixtures/openapi.yaml")).unwrap());

/// Statuses that the contract leaves open and the server can answer.
const ADDED_STATUSES: [(&str, &[&str]); 8] = [
    ("/api/system/test-helloworld", &["503"]),
    ("/api/system/health", &["503"]),
    ("/api/system/users-count", &["500", "503"]),
    ("/api/system/refresh-token", &["408", "413", "500", "503"]),
    ("/api/wechat/login", &["408", "413", "503"]),
    (
        "/api/wechat/profile",
        &["408", "413", "415", "429", "500", "503"],
    ),
    ("/api/platform/register", &["408", "413", "503"]),
    ("/api/platform/login", &["408", "413", "503"]),
];

/// The component that describes error answers, which the contract leaves without a schema, and PocketBase's.
const ADDED_COMPONENTS: [&str; 15] = [
    "CreateBackupRequest",
    "ConfirmRequest",
    "CollectionList",
    "ErrorResponse",
    "EmailChangeRequest",
    "EmailRequest",
    "EventList",
    "EventRecord",
    "ImpersonateRequest",
    "PasswordAuthRequest",
    "PocketBaseError",
    "RecordAuth",
    "RecordList",
    "SetUpRequest",
    "SubscribeRequest",
];

/// The tag of PocketBase's operations …
const ADDED_TAG: &str = "PocketBase";
/// … and what they are.
const ADDED_OPERATIONS: [(&str, &[&str]); 27] = [
    ("/api/backups", &["get", "post"]),
    ("/api/backups/upload", &["post"]),
    ("/api/backups/{key}", &["delete", "get"]),
    ("/api/backups/{key}/restore", &["post"]),
    ("/api/files/token", &["post"]),
    (
        "/api/collections/{collection}/confirm-password-reset",
        &["post"],
    ),
    (
        "/api/collections/{collection}/confirm-verification",
        &["post"],
    ),
    (
        "/api/collections/{collection}/confirm-email-change",
        &["post"],
    ),
    ("/api/collections/{collection}/request-otp", &["post"]),
    ("/api/collections/{collection}/auth-with-otp", &["post"]),
    ("/api/collections/{collection}/auth-with-oauth2", &["post"]),
    ("/api/batch", &["post"]),
    ("/api/events", &["get"]),
    ("/api/health", &["get"]),
    ("/api/setup", &["post"]),
    ("/api/realtime", &["get", "post"]),
    ("/api/collections", &["get", "post"]),
    ("/api/collections/{collection}", &["delete", "get", "patch"]),
    ("/api/collections/{collection}/impersonate/{id}", &["post"]),
    ("/api/collections/{collection}/auth-methods", &["get"]),
    (
        "/api/collections/{collection}/auth-with-password",
        &["post"],
    ),
    ("/api/collections/{collection}/auth-refresh", &["post"]),
    (
        "/api/collections/{collection}/request-password-reset",
        &["post"],
    ),
    (
        "/api/collections/{collection}/request-verification",
        &["post"],
    ),
    (
        "/api/collections/{collection}/request-email-change",
        &["post"],
    ),
    ("/api/collections/{collection}/records", &["get", "post"]),
    (
        "/api/collections/{collection}/records/{id}",
        &["delete", "get", "patch"],
    ),
];

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_default()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn operations(document: &Value) -> BTreeMap<&str, &Value> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .filter(|(path, _)| ADDED_OPERATIONS.iter().all(|(added, _)| added != path))
        .map(|(path, item)| {
            assert_eq!(keys(item), BTreeSet::from(["post"]), "{path}");
            (path.as_str(), &item["post"])
        })
        .collect()
}

/// A schema with every `$ref` followed and every `allOf` merged, so that equal meaning is equal JSON.
fn resolved(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document
            .pointer(reference.strip_prefix('#').unwrap())
            .unwrap();
        assert!(target.is_object(), "{reference}");
        return resolved(document, target);
    }
    let mut whole = Map::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        merge(&mut whole, resolved(document, part).as_object().unwrap());
    }
    let mut own = schema.as_object().unwrap().clone();
    own.remove("allOf");
    if let Some(properties) = own.get_mut("properties").and_then(Value::as_object_mut) {
        for property in properties.values_mut() {
            *property = resolved(document, property);
        }
        properties.sort_keys();
    }
    if let Some(required) = own.get_mut("required").and_then(Value::as_array_mut) {
        required.sort_by_key(Value::to_string);
    }
    if own.contains_key("description") {
        let description = text(&own["description"]);
        own.insert("description".into(), description.into());
    }
    // `example: 13800138000` of a string is a number to YAML.
    if own.get("type") == Some(&json!("string")) && own.get("example").is_some_and(Value::is_number)
    {
        let example = own["example"].to_string();
        own.insert("example".into(), example.into());
    }
    merge(&mut whole, &own);
    whole.sort_keys();
    Value::Object(whole)
}

fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) if key == "properties" => {
                for (name, property) in new {
                    match (old.get_mut(name), property) {
                        (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
                        _ => drop(old.insert(name.clone(), property.clone())),
                    }
                }
            }
            _ => drop(into.insert(key.clone(), value.clone())),
        }
    }
}

fn body_schema<'a>(document: &'a Value, content: &'a Value) -> Option<Value> {
    content.get("content").map(|content| {
        assert_eq!(keys(content), BTreeSet::from(["application/json"]));
        resolved(document, &content["application/json"]["schema"])
    })
}

#[test]
fn info_servers_tags_and_security_are_equal() {
    for key in ["title", "version"] {
        assert_eq!(DOCUMENT["info"][key], CONTRACT["info"][key]);
    }
    assert_eq!(
        text(&DOCUMENT["info"]["description"]),
        text(&CONTRACT["info"]["description"])
    );
    assert_eq!(keys(&DOCUMENT["info"]), keys(&CONTRACT["info"]));
    assert_eq!(DOCUMENT["servers"], CONTRACT["servers"]);
    let (added, tags) = DOCUMENT["tags"].as_array().unwrap().split_last().unwrap();
    assert_eq!(tags, CONTRACT["tags"].as_array().unwrap());
    assert_eq!(added["name"], ADDED_TAG);
    assert_eq!(
        DOCUMENT["components"]["securitySchemes"],
        CONTRACT["components"]["securitySchemes"]
    );
    assert_eq!(keys(&DOCUMENT), keys(&CONTRACT));
    assert!(DOCUMENT["openapi"].as_str().unwrap().starts_with("3.0."));
}

#[test]
fn components_are_equal() {
    let (ours, theirs) = (
        &DOCUMENT["components"]["schemas"],
        &CONTRACT["components"]["schemas"],
    );
    assert_eq!(keys(theirs).len(), 14);
    let mut expected = keys(theirs);
    expected.extend(ADDED_COMPONENTS);
    assert_eq!(keys(ours), expected);
    for (name, schema) in theirs.as_object().unwrap() {
        assert_eq!(
            resolved(&DOCUMENT, &ours[name]),
            resolved(&CONTRACT, schema),
            "{name}"
        );
    }
}

#[test]
fn operations_are_equal() {
    let (ours, theirs) = (operations(&DOCUMENT), operations(&CONTRACT));
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        theirs.keys().collect::<Vec<_>>()
    );
    assert_eq!(ours.len(), 8);
    for (path, theirs) in theirs {
        let ours = ours[path];
        assert_eq!(ours["tags"], theirs["tags"], "{path}");
        assert_eq!(text(&ours["summary"]), text(&theirs["summary"]), "{path}");
        assert_eq!(
            text(&ours["description"]),
            text(&theirs["description"]),
            "{path}"
        );
        assert_eq!(ours.get("security"), theirs.get("security"), "{path}");
        let mut expected = keys(theirs);
        expected.insert("operationId");
        assert_eq!(keys(ours), expected, "{path}");
    }
}

#[test]
fn parameters_and_bodies_are_equal() {
    for (path, theirs) in operations(&CONTRACT) {
        let ours = operations(&DOCUMENT)[path];
        assert_eq!(ours.get("parameters"), theirs.get("parameters"), "{path}");
        let (ours, theirs) = (&ours["requestBody"], &theirs["requestBody"]);
        assert_eq!(ours.get("required"), theirs.get("required"), "{path}");
        assert_eq!(
            body_schema(&DOCUMENT, ours),
            body_schema(&CONTRACT, theirs),
            "{path}"
        );
    }
}

#[test]
fn responses_are_equal_but_for_the_added_ones() {
    for (path, theirs) in operations(&CONTRACT) {
        let (ours, theirs) = (
            &operations(&DOCUMENT)[path]["responses"],
            &theirs["responses"],
        );
        let mut expected = keys(theirs);
        expected.extend(
            ADDED_STATUSES
                .iter()
                .filter(|(at, _)| *at == path)
                .flat_map(|(_, added)| *added),
        );
        assert_eq!(keys(ours), expected, "{path}");
        for (status, response) in theirs.as_object().unwrap() {
            let name = format!("{path} {status}");
            assert_eq!(
                text(&ours[status]["description"]),
                text(&response["description"]),
                "{name}"
            );
            match body_schema(&CONTRACT, response) {
                Some(schema) => assert_eq!(
                    body_schema(&DOCUMENT, &ours[status]),
                    Some(schema),
                    "{name}"
                ),
                None => assert_error_schema(&ours[status], &name),
            }
        }
    }
}

/// PocketBase's operations stand beside the contract's, with a tag and an error schema of their own.
#[test]
fn the_operations_of_pocketbase_are_marked_as_such() {
    for (path, methods) in ADDED_OPERATIONS {
        assert_eq!(
            keys(&DOCUMENT["paths"][path]),
            methods.iter().copied().collect(),
            "{path}"
        );
        for operation in DOCUMENT["paths"][path].as_object().unwrap().values() {
            assert_eq!(operation["tags"], json!([ADDED_TAG]), "{path}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                let is_error = schema == "#/components/schemas/PocketBaseError";
                assert_eq!(
                    is_error,
                    status.parse::<u16>().unwrap() >= 400,
                    "{path} {status}"
                );
            }
        }
    }
}

fn assert_error_schema(response: &Value, name: &str) {
    let reference = &response["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(reference, "#/components/schemas/ErrorResponse", "{name}");
}

/// Added: names for generated clients, and a whole example for each body, so that tools do not fill the optional
/// fields with the word "string".
#[test]
fn operation_ids_and_body_examples_are_added() {
    let ids: BTreeSet<_> = operations(&DOCUMENT)
        .values()
        .map(|op| op["operationId"].as_str().unwrap())
        .collect();
    let expected = [
        "testHelloWorld",
        "health",
        "usersCount",
        "refreshToken",
        "wechatLogin",
        "wechatProfile",
        "platformRegister",
        "platformLogin",
    ];
    assert_eq!(ids, BTreeSet::from(expected));
    let register = &DOCUMENT["paths"]["/api/platform/register"]["post"]["requestBody"];
    assert_eq!(
        register["content"]["application/json"]["example"],
        json!({
            "users_name": "张三", "users_phone": "13800138000", "password": "12345678",
            "passwordConfirm": "12345678", "users_picture": "https://example.com/avatar.png",
        })
    );
}
