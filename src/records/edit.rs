//! Edits of one field: what a key of a body does to the value, by its name alone or with a modifier.

use serde_json::Value;

use super::coerce;
use super::schema::{Field, FieldKind, Schema};

/// An edit of one field.
#[derive(Clone)]
pub struct Edit {
    /// What is done with the value.
    pub modifier: Modifier,
    /// The value as it was sent.
    pub value: Value,
}

/// What an edit does with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier {
    /// `field`: it is the new one.
    Set,
    /// `field+`: it is added to a number, or put behind a list.
    Append,
    /// `+field`: it is put in front of a list.
    Prepend,
    /// `field-`: it is taken from a number or a list.
    Subtract,
    /// `field:autogenerate`: it is the begin of a text whose rest is random, if the field has a pattern for that.
    Generate,
}

impl Edit {
    /// The field that `key` edits, with the edit; nothing for a key that edits none.
    pub fn read<'a>(key: &str, value: &Value, schema: &'a Schema) -> Option<(&'a Field, Self)> {
        let (modifier, name) = split(key);
        let field = schema.field(name).filter(|field| modifier.is_of(field))?;
        let value = value.clone();
        Some((field, Self { modifier, value }))
    }

    /// The value that `field` has after the edit.
    pub fn apply(&self, field: &Field, stored: &Value) -> Value {
        match (self.modifier, field.kind) {
            (Modifier::Append, FieldKind::Number) => sum(stored, coerce::number(&self.value)),
            (Modifier::Subtract, FieldKind::Number) => sum(stored, -coerce::number(&self.value)),
            (Modifier::Append, _) => coerce::to_field(field, &joined(stored, &self.value)),
            (Modifier::Prepend, _) => coerce::to_field(field, &joined(&self.value, stored)),
            (Modifier::Subtract, _) => coerce::to_field(field, &without(stored, &self.value)),
            (Modifier::Set | Modifier::Generate, _) => coerce::to_field(field, &self.value),
        }
    }
}

impl Modifier {
    /// Whether PocketBase has the modifier for such a field.
    fn is_of(self, field: &Field) -> bool {
        let is_list = matches!(field.kind, FieldKind::Select | FieldKind::Reference);
        match self {
            Self::Set => !matches!(field.kind, FieldKind::Autodate | FieldKind::Password),
            Self::Append | Self::Subtract => is_list || field.kind == FieldKind::Number,
            Self::Prepend => is_list,
            Self::Generate => field.autogenerate.is_some(),
        }
    }
}

/// The modifier of a key, and the name of the field.
fn split(key: &str) -> (Modifier, &str) {
    const SUFFIXES: [(&str, Modifier); 3] = [
        ("+", Modifier::Append),
        ("-", Modifier::Subtract),
        (":autogenerate", Modifier::Generate),
    ];
    if let Some(name) = key.strip_prefix('+') {
        return (Modifier::Prepend, name);
    }
    let found = SUFFIXES
        .iter()
        .find_map(|(suffix, modifier)| Some((*modifier, key.strip_suffix(suffix)?)));
    found.unwrap_or((Modifier::Set, key))
}

fn sum(stored: &Value, number: f64) -> Value {
    coerce::json_number(coerce::number(stored) + number)
}

fn joined(first: &Value, second: &Value) -> Value {
    [coerce::list(first), coerce::list(second)].concat().into()
}

fn without(stored: &Value, removed: &Value) -> Value {
    let removed = coerce::list(removed);
    let mut left = coerce::list(stored);
    left.retain(|text| !removed.contains(text));
    left.into()
}
