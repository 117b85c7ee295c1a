//! Relations to collections that are not exported: PocketBase saves no collection that has one, so they go as texts of the ids.

use serde_json::{Map, Value, json};

use crate::domain::Collections;

/// Options that a relation has and a text or JSON has not.
const OF_RELATIONS: [&str; 4] = ["cascadeDelete", "collectionId", "maxSelect", "minSelect"];

/// The descriptions of fields, in which relations to other than these collections are texts, or JSON if they have several values;
/// and the names of those.
pub fn without_strange_relations(
    described: &str,
    collections: &Collections,
) -> Option<(String, Vec<String>)> {
    let mut fields: Vec<Value> = serde_json::from_str(described).ok()?;
    let mut changed = Vec::new();
    for field in fields.iter_mut().filter_map(Value::as_object_mut) {
        if is_strange(field, collections) {
            changed.extend(field["name"].as_str().map(str::to_owned));
            make_plain(field);
        }
    }
    Some((Value::from(fields).to_string(), changed))
}

fn is_strange(field: &Map<String, Value>, collections: &Collections) -> bool {
    let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default();
    text("type") == "relation" && collections.find(text("collectionId")).is_none()
}

fn make_plain(field: &mut Map<String, Value>) {
    let is_list = field
        .get("maxSelect")
        .and_then(Value::as_u64)
        .is_some_and(|most| most > 1);
    field.retain(|key, _| !OF_RELATIONS.contains(&key.as_str()));
    let options = match is_list {
        true => json!({ "type": "json", "maxSize": 0 }),
        false => {
            json!({ "type": "text", "autogeneratePattern": "", "pattern": "", "min": 0, "max": 0, "primaryKey": false })
        }
    };
    field.extend(options.as_object().cloned().unwrap_or_default());
}
