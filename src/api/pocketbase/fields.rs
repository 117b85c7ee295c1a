//! The query parameter `fields`: which keys of an answer are wanted.

use serde_json::{Map, Value};

use super::super::types::AuthRecord;
use super::error::Refused;

/// Paths of wanted keys (`id`, `record.id`, `*`); none means all.
pub struct Fields(Vec<String>);

impl Fields {
    /// Reads a list with commas. Modifiers such as `:excerpt(10)` are not served.
    ///
    /// # Errors
    /// [`Refused::BAD_REQUEST`] for a modifier.
    pub fn parse(text: Option<&str>) -> Result<Self, Refused> {
        let names = text.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let names: Vec<_> = names.map(str::to_owned).collect();
        if names.iter().any(|name| name.contains(':')) { Err(Refused::BAD_REQUEST) } else { Ok(Self(names)) }
    }

    /// Everything.
    pub fn all() -> Self {
        Self(Vec::new())
    }

    /// What is wanted of `value`; of a list, of each of its items.
    pub fn pick(&self, value: Value) -> Value {
        pick(value, &self.paths())
    }

    /// What is wanted of a record in a list, whose own keys always stay.
    pub fn pick_record(&self, record: AuthRecord) -> AuthRecord {
        if self.0.is_empty() { record } else { AuthRecord(pick_keys(record.0, &self.paths())) }
    }

    fn paths(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

fn pick(value: Value, paths: &[&str]) -> Value {
    match value {
        Value::Object(object) if !paths.is_empty() => Value::Object(pick_keys(object, paths)),
        Value::Array(items) => items.into_iter().map(|item| pick(item, paths)).collect(),
        other => other,
    }
}

/// A key that is named whole is kept whole, even if a path into it is named, too; `*` stands for the keys that are
/// not named.
fn pick_keys(object: Map<String, Value>, paths: &[&str]) -> Map<String, Value> {
    let any = paths.contains(&"*");
    let keep = |(key, value): (String, Value)| {
        let below = paths.iter().filter_map(|path| path.strip_prefix(key.as_str())?.strip_prefix('.'));
        let below: Vec<_> = below.collect();
        if paths.contains(&key.as_str()) || (any && below.is_empty()) {
            return Some((key, value));
        }
        (!below.is_empty()).then(|| (key, pick(value, &below)))
    };
    object.into_iter().filter_map(keep).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn named_keys_are_kept_in_the_order_of_the_answer() {
        let value = json!({ "record": { "email": "e", "id": 1, "name": "n" }, "token": "t" });
        for (fields, expected) in [
            ("", value.clone()),
            (" , ", value.clone()),
            ("*", value.clone()),
            ("token", json!({ "token": "t" })),
            ("token, record.id", json!({ "record": { "id": 1 }, "token": "t" })),
            ("*,record.id", json!({ "record": { "id": 1 }, "token": "t" })),
            ("record.id,record", json!({ "record": { "email": "e", "id": 1, "name": "n" } })),
            ("recor,nothing", json!({})),
        ] {
            assert_eq!(Fields::parse(Some(fields)).unwrap().pick(value.clone()), expected, "{fields}");
        }
        let list = Fields::parse(Some("id")).unwrap().pick(json!([{ "id": 1, "x": 2 }, { "x": 3 }]));
        assert_eq!(list, json!([{ "id": 1 }, {}]));
        assert!(Fields::parse(Some("name:excerpt(3)")).is_err());
    }
}
