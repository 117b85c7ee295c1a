//! The served document says what the contract says, in both directions.
//!
//! Compared as written, `$ref` and `allOf` included: generators of clients read the words, not the meaning. What we add is listed
//! by name in [`ADDED_STATUSES`], [`ADDED_TO_RECORD`] and in the functions below, and nothing else may differ.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::support::app::TestApp;
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
const ADDED_COMPONENTS: [&str; 25] = [
    "AvatarUploaded",
    "BackupSchedule",
    "Setting",
    "SettingList",
    "SettingSource",
    "TokenKey",
    "TokenKeyList",
    "CreateBackupRequest",
    "ConfirmRequest",
    "CollectionList",
    "ErrorResponse",
    "EmailChangeRequest",
    "EmailRequest",
    "EventList",
    "EventRecord",
    "ImpersonateRequest",
    "ImportUsersRequest",
    "PasswordAuthRequest",
    "PocketBaseError",
    "RecordAuth",
    "RecordList",
    "SetUpRequest",
    "SubscribeRequest",
    "Webhook",
    "WebhookList",
];

/// The operations of pictures, with a tag of their own.
const AVATARS: &str = "头像";
const AVATAR_OPERATIONS: [(&str, &[&str]); 2] = [
    ("/api/files/avatar", &["post"]),
    ("/api/files/{collection}/{id}/{name}", &["get"]),
];

/// All operations that the contract does not have.
fn added_operations() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    AVATAR_OPERATIONS.into_iter().chain(ADDED_OPERATIONS)
}

/// The tags of operations beside the contract's: of PocketBase's that are served, of what other programs ask, of PocketBase's that are not served …
const ADDED_TAGS: [&str; 4] = ["PocketBase", WEBHOOKS, OTHER_PROGRAMS, NOT_SERVED];
const WEBHOOKS: &str = "Webhook";
const OTHER_PROGRAMS: &str = "其他程序";
const NOT_SERVED: &str = "PocketBase(不提供)";
/// … and what they are.
const ADDED_OPERATIONS: [(&str, &[&str]); 36] = [
    ("/api/auth/verify", &["get"]),
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
    ("/api/overview", &["get"]),
    ("/api/overview/users", &["get"]),
    ("/api/health", &["get"]),
    ("/api/import/users", &["post"]),
    ("/api/setup", &["post"]),
    ("/api/realtime", &["get", "post"]),
    ("/api/backup-schedule", &["get"]),
    ("/api/keys", &["get", "post"]),
    ("/api/config", &["get"]),
    ("/api/webhooks", &["get"]),
    ("/api/collections", &["get", "post"]),
    ("/api/collections/{collection}", &["delete", "get", "patch"]),
    ("/api/collections/{collection}/impersonate/{id}", &["post"]),
    ("/api/collections/{collection}/auth-methods", &["get"]),
    (
        "/api/collections/{collection}/auth-with-password",
        &["post"],
    ),
    ("/api/collections/{collection}/auth-refresh", &["post"]),
    ("/api/collections/{collection}/sign-out", &["post"]),
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
        .filter(|(path, _)| added_operations().all(|(added, _)| added != *path))
        .map(|(path, item)| {
            assert_eq!(keys(item), BTreeSet::from(["post"]), "{path}");
            (path.as_str(), &item["post"])
        })
        .collect()
}

/// What the contract leaves open of `record` in [`AUTH`]: its keys.
const ADDED_TO_RECORD: [&str; 3] = ["additionalProperties", "required", "properties"];
const AUTH: &str = "PocketBaseAuthResponse";

/// A schema as written, but for white space in descriptions, and numbers that are examples of texts: `example: 13800138000`
/// is a number to YAML.
fn as_written(schema: &Value) -> Value {
    match schema {
        Value::Array(parts) => parts.iter().map(as_written).collect(),
        Value::Object(object) => {
            let parts = object.iter();
            let mut whole: Map<String, Value> = parts
                .map(|(key, part)| (key.clone(), as_written(part)))
                .collect();
            if object.get("description").is_some_and(Value::is_string) {
                whole["description"] = text(&object["description"]).into();
            }
            if object.get("type") == Some(&json!("string"))
                && object.get("example").is_some_and(Value::is_number)
            {
                whole["example"] = object["example"].to_string().into();
            }
            whole.into()
        }
        other => other.clone(),
    }
}

fn body_schema(content: &Value) -> Option<Value> {
    content.get("content").map(|content| {
        assert_eq!(keys(content), BTreeSet::from(["application/json"]));
        as_written(&content["application/json"]["schema"])
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
    let (this, others) = DOCUMENT["servers"]
        .as_array()
        .unwrap()
        .split_first()
        .unwrap();
    assert_eq!(this["url"], "/");
    assert_eq!(others, CONTRACT["servers"].as_array().unwrap());
    let (tags, added) = DOCUMENT["tags"].as_array().unwrap().split_at(3);
    assert_eq!(tags, CONTRACT["tags"].as_array().unwrap());
    let added: Vec<_> = added.iter().map(|tag| &tag["name"]).collect();
    assert_eq!(added[0], AVATARS);
    assert_eq!(added[1..], ADDED_TAGS);
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
        let mut ours = as_written(&ours[name]);
        if name == AUTH {
            let record = ours["properties"]["record"].as_object_mut().unwrap();
            record.retain(|key, _| !ADDED_TO_RECORD.contains(&key.as_str()));
        }
        assert_eq!(ours, as_written(schema), "{name}");
    }
}

/// Every key of the record in the answer to a login is in the document, and the other way round.
#[test]
fn the_keys_of_a_record_are_told() {
    let app = TestApp::spawn();
    let login = app.wechat_login("alice~1").ok();
    let record = &DOCUMENT["components"]["schemas"][AUTH]["properties"]["record"];
    assert_eq!(keys(&record["properties"]), keys(&login["record"]));
    let required = record["required"].as_array().unwrap();
    let required: BTreeSet<_> = required.iter().filter_map(Value::as_str).collect();
    assert_eq!(required, keys(&login["record"]));
    assert_eq!(record["additionalProperties"], true);
    for (key, schema) in record["properties"].as_object().unwrap() {
        let value = &login["record"][key];
        let is_right = match schema["type"].as_str().unwrap() {
            "string" => value.is_string(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            other => panic!("{key}: {other}"),
        };
        assert!(is_right, "{key}: {schema} {value}");
    }
}

/// Generators make an object of its own of an `allOf`: only the envelopes of answers are one.
#[test]
fn only_envelopes_are_put_together() {
    fn look(value: &Value, place: &str) {
        if let Some(parts) = value.get("allOf").and_then(Value::as_array) {
            let envelope = json!({ "$ref": "#/components/schemas/ApiResponse" });
            assert!(
                place.ends_with("/200/content/application/json/schema"),
                "{place}"
            );
            assert_eq!((parts.len(), &parts[0]), (2, &envelope), "{place}");
        }
        match value {
            Value::Object(object) => {
                assert!(
                    !object.contains_key("$ref") || object.len() == 1,
                    "{place}: {value}"
                );
                object
                    .iter()
                    .for_each(|(key, part)| look(part, &format!("{place}/{key}")));
            }
            Value::Array(parts) => parts.iter().for_each(|part| look(part, place)),
            _ => {}
        }
    }
    look(&DOCUMENT, "");
}

#[test]
fn every_429_and_every_503_for_want_of_memory_has_its_retry_after() {
    let mut seen = 0;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let is_busy = response["description"] == "服务器繁忙,或数据库暂时不可用,请稍后再试";
                let expected = status == "429" || is_busy;
                let header = &response["headers"]["Retry-After"]["schema"]["type"];
                assert_eq!(header == "integer", expected, "{path} {status}");
                seen += usize::from(expected);
            }
        }
    }
    assert!(seen > 40, "{seen}");
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
        assert_eq!(body_schema(ours), body_schema(theirs), "{path}");
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
            match body_schema(response) {
                Some(schema) => assert_eq!(body_schema(&ours[status]), Some(schema), "{name}"),
                None => assert_error_schema(&ours[status], &name),
            }
        }
    }
}

/// Whether an operation of PocketBase's does here what it does there.
fn is_served(operation: &Value) -> bool {
    let summary = operation["summary"].as_str().unwrap();
    let description = operation["description"].as_str().unwrap_or_default();
    !["未启用", "不支持"]
        .iter()
        .any(|word| summary.ends_with(word))
        && !description.contains("未配置邮件")
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
            let tag = match is_served(operation) {
                true if path == "/api/webhooks" => WEBHOOKS,
                _ if path == "/api/auth/verify" => OTHER_PROGRAMS,
                true => ADDED_TAGS[0],
                false => NOT_SERVED,
            };
            assert_eq!(operation["tags"], json!([tag]), "{path}");
            assert_pocketbase_errors(path, operation);
        }
    }
}

#[test]
fn the_operations_of_pictures_have_a_tag_of_their_own_and_errors_of_pocketbase() {
    for (path, methods) in AVATAR_OPERATIONS {
        let item = &DOCUMENT["paths"][path];
        assert_eq!(keys(item), methods.iter().copied().collect(), "{path}");
        for operation in item.as_object().unwrap().values() {
            assert_eq!(operation["tags"], json!([AVATARS]), "{path}");
            assert_pocketbase_errors(path, operation);
        }
    }
}

/// Asserts that errors, and nothing else, have PocketBase's form.
fn assert_pocketbase_errors(path: &str, operation: &Value) {
    for (status, response) in operation["responses"].as_object().unwrap() {
        let schema = &response["content"]["application/json"]["schema"]["$ref"];
        let is_error = schema == "#/components/schemas/PocketBaseError";
        let is_failure = status.parse::<u16>().unwrap() >= 400;
        assert_eq!(is_error, is_failure, "{path} {status}");
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
