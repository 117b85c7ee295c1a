//! Coercion of values as PocketBase does it: whatever is sent becomes what the field holds.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Number, Value};

use super::date;
use super::schema::{Field, FieldKind};

/// As text; a list or an object is none.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    }
}

/// The value of a key as text; nothing if there is no such key.
pub fn text_of(object: &Map<String, Value>, key: &str) -> String {
    object.get(key).map(text).unwrap_or_default()
}

/// As a number; what is none is 0.
pub fn number(value: &Value) -> f64 {
    let number = match value {
        Value::Number(number) => number.as_f64().unwrap_or_default(),
        Value::String(text) => text.parse().unwrap_or_default(),
        Value::Bool(yes) => f64::from(*yes),
        _ => 0.0,
    };
    if number.is_finite() { number } else { 0.0 }
}

/// As a boolean.
pub fn boolean(value: &Value) -> bool {
    match value {
        Value::String(text) => matches!(text.as_str(), "1" | "t" | "T" | "true" | "True" | "TRUE"),
        other => number(other) != 0.0,
    }
}

/// As what `field` holds.
pub fn to_field(field: &Field, value: &Value) -> Value {
    match field.kind {
        FieldKind::Number => json_number(number(value)),
        FieldKind::Bool => boolean(value).into(),
        FieldKind::Json => json(value),
        FieldKind::Date => date_text(&text(value)).into(),
        _ if field.is_list => texts(value).into(),
        _ => text(value).into(),
    }
}

/// Value of a `field` for which nothing was ever sent.
pub fn empty(field: &Field) -> Value {
    to_field(field, &Value::Null)
}

/// A whole number is written without a point.
pub fn json_number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole, and small enough to be exact"
        )]
        return (number as i64).into();
    }
    Number::from_f64(number).map_or(Value::from(0), Value::Number)
}

/// Text that is JSON is what it says.
fn json(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

fn texts(value: &Value) -> Vec<Value> {
    let one = |value: &Value| {
        Some(text(value))
            .filter(|text| !text.is_empty())
            .map(Value::from)
    };
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        other => one(other).into_iter().collect(),
    }
}

/// PocketBase's form of a date; nothing for what is none.
fn date_text(text: &str) -> String {
    let iso = text.trim().replacen(' ', "T", 1);
    let local = || {
        iso.parse::<DateTime>()
            .ok()?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|at| at.timestamp())
    };
    iso.parse::<Timestamp>()
        .ok()
        .or_else(local)
        .map(date::date_text)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn casts_are_pocketbase_s() {
        for (value, as_text, as_number, as_boolean) in [
            (json!(null), "", 0.0, false),
            (json!("7"), "7", 7.0, false),
            (json!("x"), "x", 0.0, false),
            (json!(5), "5", 5.0, true),
            (json!(-1.5), "-1.5", -1.5, true),
            (json!(true), "true", 1.0, true),
            (json!("true"), "true", 0.0, true),
            (json!(["a"]), "", 0.0, false),
            (json!("inf"), "inf", 0.0, false),
        ] {
            assert_eq!(text(&value), as_text);
            assert!((number(&value) - as_number).abs() < f64::EPSILON, "{value}");
            assert_eq!(boolean(&value), as_boolean, "{value}");
        }
        assert_eq!(json_number(3.0).to_string(), "3");
        assert_eq!(json_number(0.5).to_string(), "0.5");
        assert_eq!(json_number(1e300).to_string(), "1e+300");
    }

    #[test]
    fn a_date_is_written_in_one_form() {
        for (text, expected) in [
            ("2026-11-22 05:50:36.858Z", "2026-11-22 05:50:36.858Z"),
            ("2026-11-22T13:50:36+08:00", "2026-11-22 05:50:36.000Z"),
            ("2026-11-22", "2026-11-22 00:00:00.000Z"),
            ("2026-11-22 05:50", "2026-11-22 05:50:00.000Z"),
            ("soon", ""),
            ("", ""),
        ] {
            assert_eq!(date_text(text), expected, "{text}");
        }
    }
}
