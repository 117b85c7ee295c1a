//! The server's own OpenAPI document, and holding answers against it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use bai::app::App;
use bai::clock::Clock;
use bai::config::Config;
use bai::random::Random;
use bai::store::Location;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::app::Answer;

/// The document with the default configuration.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let location = Location::memory();
    let app = App::new(
        Config::default(),
        &location,
        Clock::System,
        Random::seeded(1),
    );
    let app: Arc<App> = runtime.block_on(app).unwrap();
    bai::server::routes::document(&app).unwrap()
});

/// One validator for each operation and status; `None` when the document gives no schema.
static VALIDATORS: LazyLock<HashMap<(String, String, u16), Option<Validator>>> =
    LazyLock::new(|| {
        let mut validators = HashMap::new();
        for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let schema = response
                        .pointer("/content/application~1json/schema")
                        .map(validator);
                    validators.insert(
                        (method.to_uppercase(), path.clone(), status.parse().unwrap()),
                        schema,
                    );
                }
            }
        }
        validators
    });

/// The documented path that a requested one is an instance of.
fn documented_path(requested: &str) -> Option<&'static String> {
    let requested = requested.split('?').next().unwrap();
    let fits = |path: &&String| {
        let (mut ours, mut theirs) = (path.split('/'), requested.split('/'));
        ours.by_ref()
            .zip(theirs.by_ref())
            .all(|(a, b)| a == b || (a.starts_with('{') && !b.is_empty()))
            && path.split('/').count() == requested.split('/').count()
    };
    DOCUMENT["paths"].as_object().unwrap().keys().find(fits)
}

/// An answer of a documented operation has a documented status and the schema of that status.
/// 404 (another path), 405 (another method) and 413 to 415 before routing are the server's own.
pub fn check(method: &str, path: &str, answer: &Answer) {
    let Some(path) = documented_path(path) else {
        return;
    };
    if DOCUMENT["paths"][path][method.to_lowercase()].is_null() {
        return;
    }
    let key = (method.to_owned(), path.clone(), answer.status);
    let validator = VALIDATORS
        .get(&key)
        .unwrap_or_else(|| panic!("undocumented: {key:?}"));
    if let Some(validator) = validator {
        let body = answer.json();
        let problems: Vec<_> = validator
            .iter_errors(&body)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(
            problems.is_empty(),
            "{method} {path} {}: {problems:?} in {body}",
            answer.status
        );
    }
}

fn validator(schema: &Value) -> Validator {
    let mut root = json!({ "components": DOCUMENT["components"], "allOf": [schema] });
    from_openapi_3_0(&mut root);
    jsonschema::options()
        .should_validate_formats(true)
        .build(&root)
        .unwrap()
}

/// `nullable` is OpenAPI 3.0's word; JSON Schema says it in `type`.
fn from_openapi_3_0(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(from_openapi_3_0),
        Value::Object(object) => {
            if object.get("nullable") == Some(&Value::Bool(true)) {
                object["type"] = json!([object["type"], "null"]);
            }
            object.values_mut().for_each(from_openapi_3_0);
        }
        _ => {}
    }
}

#[test]
fn a_wrong_answer_would_be_noticed() {
    let validator = validator(&json!({ "$ref": "#/components/schemas/UserInfo" }));
    assert!(
        validator
            .is_valid(&json!({ "users_idtype": "WeChat", "company": null, "users_status": 1 }))
    );
    assert!(!validator.is_valid(&json!({ "users_idtype": "Other" })));
    assert!(!validator.is_valid(&json!({ "company": 1 })));
    assert!(!validator.is_valid(&json!({ "users_type": "普通" })));
}
