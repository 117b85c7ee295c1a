//! Fields of forms: what the texts of a form are in JSON, by what the endpoint takes.

use std::collections::BTreeMap;

use poem_openapi::types::{Any, ParseFromJSON};
use serde_json::{Map, Number, Value};

use crate::http::rejected::Rejected;

/// A body that may come as a form.
pub trait FormBody: ParseFromJSON {
    /// Type of the field of that name.
    fn form_field(_name: &str) -> FormField {
        FormField::Text
    }
}

/// Type of a field in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormField {
    /// A text: the first of those that have the name.
    Text,
    /// A whole number, the first.
    Whole,
    /// A list of all texts that have the name.
    List,
    /// Whatever the text looks like; a list if several have the name.
    Inferred,
}

impl<T: FormBody> FormBody for Option<T> {
    fn form_field(name: &str) -> FormField {
        T::form_field(name)
    }
}

impl FormBody for Any<Map<String, Value>> {
    fn form_field(_: &str) -> FormField {
        FormField::Inferred
    }
}

/// The object that the fields of a form come to.
///
/// # Errors
/// [`Rejected::NotJson`] for a number that is none.
pub fn object_of<T: FormBody>(
    fields: Vec<(String, String)>,
) -> Result<Map<String, Value>, Rejected> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in fields {
        texts.entry(name).or_default().push(text);
    }
    let values = texts.into_iter().map(|(name, texts)| {
        let value = T::form_field(&name).value(texts)?;
        Ok((name, value))
    });
    values.collect()
}

impl FormField {
    /// The value of a field with these texts.
    fn value(self, texts: Vec<String>) -> Result<Value, Rejected> {
        let mut texts = texts.into_iter();
        match self {
            Self::List => Ok(texts.collect()),
            Self::Inferred if texts.len() > 1 => Ok(texts.map(inferred).collect()),
            Self::Inferred => Ok(inferred(texts.next().unwrap_or_default())),
            Self::Text => Ok(texts.next().unwrap_or_default().into()),
            Self::Whole => whole(&texts.next().unwrap_or_default()),
        }
    }
}

/// A boolean, or a number that is written as it would be written again; any other text stays one.
fn inferred(text: String) -> Value {
    match text.as_str() {
        "true" => true.into(),
        "false" => false.into(),
        number => as_written(number).map_or(Value::String(text), Value::Number),
    }
}

fn as_written(text: &str) -> Option<Number> {
    let number: f64 = text.parse().ok()?;
    (number.to_string() == text).then(|| text.parse().ok())?
}

/// A whole number as Go writes it in programs: with a sign, a prefix of its base, and `_` between digits. Nothing is 0.
fn whole(text: &str) -> Result<Value, Rejected> {
    if text.is_empty() {
        return Ok(0.into());
    }
    let negative = text.starts_with('-');
    let digits = text
        .strip_prefix(['-', '+'])
        .unwrap_or(text)
        .to_ascii_lowercase();
    let (digits, base) = of_base(&digits);
    let is_signed = digits.starts_with(['-', '+']);
    let number = i64::from_str_radix(&digits.replace('_', ""), base).ok();
    let number = number.filter(|_| !is_signed).ok_or(Rejected::NotJson)?;
    Ok(if negative { -number } else { number }.into())
}

/// The digits behind the prefix of a base, with the base.
fn of_base(digits: &str) -> (&str, u32) {
    let prefixes = [("0x", 16), ("0b", 2), ("0o", 8), ("0", 8)];
    let behind = |(prefix, base): &(&str, u32)| Some((digits.strip_prefix(prefix)?, *base));
    let found = prefixes.iter().find_map(behind);
    found
        .filter(|(rest, _)| !rest.is_empty())
        .unwrap_or((digits, 10))
}

/// Whether a body can be urlencoded: `%` begins an escape, and `;` separates nothing.
pub fn is_urlencoded(bytes: &[u8]) -> bool {
    let is_escape = |rest: &[u8]| {
        let digits = rest.get(..2).unwrap_or_default();
        digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
    };
    let mut parts = bytes.split(|byte| *byte == b'%').skip(1);
    !bytes.contains(&b';') && parts.all(is_escape)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_looks_like_json_is_json() {
        for (text, expected) in [
            ("true", json!(true)),
            ("5", json!(5)),
            ("-5", json!(-5)),
            ("0.5", json!(0.5)),
            ("", json!("")),
            ("null", json!("null")),
            ("1.50", json!("1.50")),
            ("007", json!("007")),
            ("1e3", json!("1e3")),
            ("+5", json!("+5")),
            ("NaN", json!("NaN")),
            ("inf", json!("inf")),
            ("12345678901234567890", json!("12345678901234567890")),
        ] {
            assert_eq!(inferred(text.to_owned()), expected, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_read_as_go_reads_them() {
        for (text, expected) in [
            ("", Some(0)),
            ("0", Some(0)),
            ("60", Some(60)),
            ("+60", Some(60)),
            ("-1", Some(-1)),
            ("0x3c", Some(60)),
            ("-0X3C", Some(-60)),
            ("010", Some(8)),
            ("0b11", Some(3)),
            ("1_0", Some(10)),
            ("1.5", None),
            ("abc", None),
            (" 60", None),
            ("--1", None),
            ("0x-1", None),
            ("true", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(whole(text).ok(), expected.map(Value::from), "{text}");
        }
    }

    #[test]
    fn junk_is_not_urlencoded() {
        for text in ["", "a=1&b=2", "a", "=x", "&&", "a=%41%ff", "a+b=c=d"] {
            assert!(is_urlencoded(text.as_bytes()), "{text}");
        }
        for text in ["%zz", "a=%4", "a=%", "a;b", "a=1;b=2"] {
            assert!(!is_urlencoded(text.as_bytes()), "{text}");
        }
    }
}
