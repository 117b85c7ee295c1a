//! JSON as PocketBase reads it: a key twice is an error, and what follows the value is not looked at.

use std::fmt;
use std::mem::discriminant;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one value; an empty text is `null`.
pub fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Unique::deserialize(&mut reader).map(|unique| unique.0)
}

/// Reads one value behind which there is nothing.
pub fn parse_whole(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let unique = Unique::deserialize(&mut reader)?;
    reader.end().map(|()| unique.0)
}

/// Puts `over` in the place of a value of the same kind; of two objects, each key. Nothing has any kind.
///
/// # Errors
/// [`OtherKind`].
pub fn merge(under: &mut Value, over: Value) -> Result<(), OtherKind> {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => return merge_objects(under, over),
        (under, over) if is_of_a_kind(under, &over) => *under = over,
        _ => return Err(OtherKind),
    }
    Ok(())
}

/// Puts each key of `over` in the place of the same key.
///
/// # Errors
/// [`OtherKind`].
pub fn merge_objects(
    under: &mut Map<String, Value>,
    over: Map<String, Value>,
) -> Result<(), OtherKind> {
    for (key, value) in over {
        merge(under.entry(key).or_insert(Value::Null), value)?;
    }
    Ok(())
}

/// A value in the place of one of another kind.
#[derive(Debug)]
pub struct OtherKind;

fn is_of_a_kind(under: &Value, over: &Value) -> bool {
    under.is_null() || over.is_null() || discriminant(under) == discriminant(over)
}

/// A value in which no object has a key twice.
struct Unique(Value);

struct UniqueVisitor;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some((key, Unique(value))) = object.next_entry::<String, _>()? {
            if values.insert(key, value).is_some() {
                return Err(A::Error::custom("a key twice"));
            }
        }
        Ok(values.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_read_as_pocketbase_reads_it() {
        for (text, expected) in [
            ("", Value::Null),
            ("null", Value::Null),
            (
                r#"{"a":[1,-2,0.5,"x",true,null,{"b":{}}]}x"#,
                json!({ "a": [1, -2, 0.5, "x", true, null, { "b": {} }] }),
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap(), expected, "{text}");
        }
        for text in [
            "{",
            r#"{"a":1,"a":2}"#,
            r#"[{"a":1,"a":2}]"#,
            r#"{"a":"\ud800"}"#,
            "nul",
            " ",
            "\n",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
