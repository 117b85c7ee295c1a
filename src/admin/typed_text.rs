//! Values that people type, at a shell or into a table. PocketBase's casts make something of every text that a program sends; of
//! a slip of the pen they would make a disabled user.

use serde_json::{Map, Value};

use super::failure::Failure;
use crate::records::coerce;
use crate::records::schema::{Field, FieldKind, Schema};

/// A text that its field cannot hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {why}")]
pub struct Misfit {
    /// Name of the field.
    pub field: String,
    /// Line for a person, about the field.
    pub why: String,
}

impl From<Misfit> for Failure {
    fn from(misfit: Misfit) -> Self {
        Self::invalid(misfit.to_string())
    }
}

/// Refuses the first text that its field cannot hold.
pub fn ensure_fit(values: &Map<String, Value>, schema: &Schema) -> Result<(), Misfit> {
    for (name, value) in values {
        if let (Some(field), Value::String(text)) = (schema.field(name), value)
            && let Some(expected) = expected_instead(field, text)
        {
            return Err(Misfit {
                field: name.clone(),
                why: format!("is {expected}, not {text:?}"),
            });
        }
    }
    Ok(())
}

/// Values that the field holds, in words, if the text is none of them.
fn expected_instead(field: &Field, text: &str) -> Option<&'static str> {
    match field.kind {
        FieldKind::Number if !is_number(text) => Some("a number"),
        FieldKind::Bool if !is_boolean(text) => Some("true or false"),
        FieldKind::Date if !text.is_empty() && is_empty(field, text) => {
            Some("a date such as 2026-01-31 08:00:00Z")
        }
        FieldKind::Point if !text.is_empty() && !is_point(text) => {
            Some("a point such as {\"lon\":116.4,\"lat\":39.9}")
        }
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    text.parse().is_ok_and(f64::is_finite)
}

/// Spreadsheets write TRUE and FALSE.
fn is_boolean(text: &str) -> bool {
    let value = Value::from(text);
    coerce::boolean(&value) || ["0", "false", "False", "FALSE"].contains(&text)
}

fn is_empty(field: &Field, text: &str) -> bool {
    coerce::to_field(field, &text.into()) == coerce::empty(field)
}

fn is_point(text: &str) -> bool {
    serde_json::from_str(text)
        .is_ok_and(|value: Value| value["lon"].is_number() && value["lat"].is_number())
}
