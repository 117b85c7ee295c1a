//! The unionid in the columns of users who were imported before there was a field for it.

use serde::Deserialize;
use serde_json::Value;

/// The column of that name, with the quotes that it has as a key.
const KEY: &str = "\"unionid\"";

#[derive(Deserialize)]
struct OwnColumns {
    #[serde(default)]
    unionid: Value,
}

/// The unionid in `columns`, the text of one JSON object; most have none, and are not read.
pub fn own_unionid(columns: Option<&str>) -> Option<String> {
    let columns = columns.filter(|columns| columns.contains(KEY))?;
    let read: OwnColumns = serde_json::from_str(columns).ok()?;
    let text = match read.unionid {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}
