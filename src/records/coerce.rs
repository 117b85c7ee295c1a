//! Coercion of values as PocketBase does it: whatever is sent becomes what the field holds.

mod date;
mod number;
mod point;

use serde_json::{Map, Number, Value};

use super::schema::{Field, FieldKind};

/// As text; a list or an object is none. A number has no exponent, however long it is then.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(number) => number.as_f64().unwrap_or_default().to_string(),
        _ => String::new(),
    }
}

/// A date in PocketBase's form; nothing of a text that is none.
pub fn date(text: &str) -> String {
    date::coerce(text)
}

/// As text that keeps its shape: a list or an object that is not empty is the text of its JSON.
pub fn shaped_text(value: &Value) -> String {
    match value {
        Value::Array(list) if list.is_empty() => String::new(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
        other => text(other),
    }
}

/// The value of a key as text; nothing if there is no such key.
pub fn text_of(object: &Map<String, Value>, key: &str) -> String {
    object.get(key).map(text).unwrap_or_default()
}

/// As a number; what is none is 0. A text may say that it is infinite or no number at all.
pub fn number(value: &Value) -> f64 {
    match value {
        Value::Number(number) => number.as_f64().unwrap_or_default(),
        Value::String(text) => number::parse(text),
        Value::Bool(yes) => f64::from(*yes),
        _ => 0.0,
    }
}

/// As a boolean.
pub fn boolean(value: &Value) -> bool {
    match value {
        Value::String(text) => matches!(text.as_str(), "1" | "t" | "T" | "true" | "True" | "TRUE"),
        other => number(other) != 0.0,
    }
}

/// As a list of texts, each once and none of them empty. A list with anything in it that is no text is none.
pub fn list(value: &Value) -> Vec<String> {
    let texts = match value {
        Value::Array(values) => values.iter().map(item).collect::<Option<_>>(),
        Value::String(text) if text.contains('[') => {
            Some(serde_json::from_str(text).unwrap_or_else(|_| vec![text.clone()]))
        }
        other => Some(vec![text(other)]),
    };
    let mut unique = Vec::new();
    for text in texts.unwrap_or_default() {
        if !text.is_empty() && !unique.contains(&text) {
            unique.push(text);
        }
    }
    unique
}

/// The text of an item of a list, if it can be one.
fn item(value: &Value) -> Option<String> {
    (!value.is_array() && !value.is_object()).then(|| text(value))
}

/// As what `field` holds.
pub fn to_field(field: &Field, value: &Value) -> Value {
    match field.kind {
        FieldKind::Number => json_number(number(value)),
        FieldKind::Bool => boolean(value).into(),
        FieldKind::Json => json(value),
        FieldKind::Point => point::of(value),
        FieldKind::Date => date(&text(value)).into(),
        FieldKind::Select | FieldKind::Reference if field.is_list => list(value).into(),
        FieldKind::Select | FieldKind::Reference => list(value).pop().unwrap_or_default().into(),
        _ => text(value).into(),
    }
}

/// Value of a `field` for which nothing was ever sent.
pub fn empty(field: &Field) -> Value {
    to_field(field, &Value::Null)
}

/// A whole number is written without a point. One that JSON cannot write is its name, which no field of numbers takes.
pub fn json_number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole, and small enough to be exact"
        )]
        return (number as i64).into();
    }
    Number::from_f64(number).map_or_else(|| number.to_string().into(), Value::Number)
}

/// Text that is JSON is what it says, if it begins as PocketBase looks for JSON.
fn json(value: &Value) -> Value {
    let Value::String(text) = value else {
        return value.clone();
    };
    let is_word = matches!(text.as_str(), "null" | "true" | "false");
    let may_be_json =
        is_word || text.starts_with(|c: char| c.is_ascii_digit() || "-\"[{".contains(c));
    let parsed = may_be_json.then(|| serde_json::from_str(text).ok());
    parsed.flatten().unwrap_or_else(|| value.clone())
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
            (json!({ "a": 1 }), "", 0.0, false),
            (json!(1e20), "100000000000000000000", 1e20, true),
            (json!(1e-7), "0.0000001", 1e-7, true),
            (
                json!(9_007_199_254_740_993_u64),
                "9007199254740992",
                9_007_199_254_740_992.0,
                true,
            ),
        ] {
            assert_eq!(text(&value), as_text);
            assert!((number(&value) - as_number).abs() < f64::EPSILON, "{value}");
            assert_eq!(boolean(&value), as_boolean, "{value}");
        }
        assert_eq!(json_number(3.0).to_string(), "3");
        assert_eq!(json_number(0.5).to_string(), "0.5");
        assert_eq!(json_number(1e300).to_string(), "1e+300");
        assert_eq!(json_number(f64::NEG_INFINITY), json!("-inf"));
    }

    #[test]
    fn a_list_has_each_text_once() {
        for (value, expected) in [
            (json!(null), vec![]),
            (json!(""), vec![]),
            (json!("a"), vec!["a"]),
            (json!(7), vec!["7"]),
            (
                json!(["a", "", "b", "a", true, null]),
                vec!["a", "b", "true"],
            ),
            (json!(r#"["a","b"]"#), vec!["a", "b"]),
            (json!("[a"), vec!["[a"]),
            (json!("[1]"), vec!["[1]"]),
            (json!(["a", ["b"]]), vec![]),
            (json!({ "a": "b" }), vec![]),
        ] {
            assert_eq!(list(&value), expected, "{value}");
        }
    }

    #[test]
    fn text_is_read_as_json_where_it_looks_like_it() {
        for (value, expected) in [
            (json!("5"), json!(5)),
            (json!(" 5"), json!(" 5")),
            (json!("null"), json!(null)),
            (json!("[1"), json!("[1")),
            (json!(r#"{"a":[1]}"#), json!({ "a": [1] })),
            (json!(""), json!("")),
            (json!([" 5"]), json!([" 5"])),
        ] {
            assert_eq!(json(&value), expected, "{value}");
        }
    }
}
