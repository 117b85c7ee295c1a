//! Body of a change of a collection: rules, and beside them only what is as it was.

use serde_json::{Map, Value};

use super::error::Refused;
use super::field_error::{FieldError, FieldErrors};
use crate::domain::RuleName;

/// Fields that the server sets: PocketBase takes no value for them.
const SET_BY_THE_SERVER: [&str; 2] = ["created", "updated"];

/// The rules in a body for the collection that is shown as `shown`. SDKs send whole collections: what else is in it has to be as it is
/// shown.
///
/// # Errors
/// Fields with other values; rules that are neither text nor null.
pub fn rules_of(
    body: Map<String, Value>,
    shown: &Map<String, Value>,
) -> Result<Vec<(RuleName, Option<String>)>, Refused> {
    let mut rules = Vec::new();
    let mut errors = FieldErrors::new();
    for (field, value) in body {
        match RuleName::parse(&field) {
            Some(name) => rules.push((name, rule_text(value)?)),
            None if is_as_shown(&field, &value, shown) => {}
            None => errors.insert(field, FieldError::NOT_A_RULE),
        }
    }
    if errors.is_empty() {
        Ok(rules)
    } else {
        Err(Refused::update_collection(errors))
    }
}

fn rule_text(value: Value) -> Result<Option<String>, Refused> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(Refused::NOT_FORMATTED),
    }
}

fn is_as_shown(field: &str, value: &Value, shown: &Map<String, Value>) -> bool {
    SET_BY_THE_SERVER.contains(&field) || shown.get(field) == Some(value)
}
