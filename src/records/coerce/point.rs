//! Points on the earth.

use serde_json::{Value, json};

/// A point: `{"lon": 0, "lat": 0}` for whatever is none.
pub fn of(value: &Value) -> Value {
    let parsed = match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    match (degrees(&parsed, "lon"), degrees(&parsed, "lat")) {
        (Some(lon), Some(lat)) => json!({ "lon": lon, "lat": lat }),
        _ => json!({ "lon": 0, "lat": 0 }),
    }
}

/// The degrees of one direction: 0 if nothing is said of it, nothing if it is no number.
fn degrees(point: &Value, key: &str) -> Option<Value> {
    match point.get(key) {
        None | Some(Value::Null) => Some(0.into()),
        Some(degrees) => degrees.is_number().then(|| degrees.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_point_is_where_the_equator_begins() {
        for (value, expected) in [
            (
                json!({ "lon": 1.5, "lat": -2 }),
                json!({ "lon": 1.5, "lat": -2 }),
            ),
            (json!(r#"{"lon":1,"lat":2}"#), json!({ "lon": 1, "lat": 2 })),
            (
                json!({ "lat": 2, "more": 3 }),
                json!({ "lon": 0, "lat": 2 }),
            ),
            (
                json!({ "lon": "1", "lat": 2 }),
                json!({ "lon": 0, "lat": 0 }),
            ),
            (json!([1, 2]), json!({ "lon": 0, "lat": 0 })),
            (json!("x"), json!({ "lon": 0, "lat": 0 })),
            (json!(null), json!({ "lon": 0, "lat": 0 })),
        ] {
            assert_eq!(of(&value), expected, "{value}");
        }
    }
}
