//! What a body changes of a record. What is sent as it is already, is no change.

use serde_json::{Map, Value};

use super::coerce;
use super::schema::{Field, FieldKind, Schema};
use crate::domain::Invalid;
use crate::pocketbase::field_error::{FieldError, FieldErrors};

/// A record, what is to become of it, and what is wrong with that.
pub struct Given<'a> {
    record: &'a Map<String, Value>,
    body: Map<String, Value>,
    schema: &'a Schema,
    pub errors: FieldErrors,
}

impl<'a> Given<'a> {
    /// `body` as far as it is about fields of `schema`; `users_rank_level+` and its like are done already.
    pub fn new(
        record: &'a Map<String, Value>,
        body: &Map<String, Value>,
        schema: &'a Schema,
    ) -> Self {
        let mut given = Map::new();
        for (key, value) in body {
            if let Some((field, sum)) = modified(schema, record, key, value) {
                given.insert(field.name.clone(), coerce::json_number(sum));
            } else if let Some(field) = schema.field(key).filter(|field| is_writable(field)) {
                given.insert(key.clone(), coerce::to_field(field, value));
            }
        }
        Self {
            record,
            body: given,
            schema,
            errors: FieldErrors::new(),
        }
    }

    /// The fields that there are.
    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// What a new record of `schema` has before anything is given.
    pub fn blank(schema: &Schema) -> Map<String, Value> {
        let shown = schema.fields().filter(|field| !field.is_hidden);
        shown
            .map(|field| (field.name.clone(), coerce::empty(field)))
            .collect()
    }

    /// The new value of the field, if it is another one.
    pub fn change(&self, field: &str) -> Option<&Value> {
        self.body
            .get(field)
            .filter(|value| self.record.get(field) != Some(value))
    }

    /// The value that the field is to have.
    pub fn value(&self, field: &str) -> Option<&Value> {
        self.body.get(field).or_else(|| self.record.get(field))
    }

    /// The new text of the field, if it is another one, and not too long.
    pub fn text(&mut self, field: &'static str) -> Option<String> {
        let text = coerce::text(self.change(field)?);
        let max = self
            .schema
            .field(field)
            .map_or(usize::MAX, |field| field.max);
        if text.chars().count() > max {
            self.errors.insert(field, Invalid::TooLong { max }.into());
            return None;
        }
        Some(text)
    }

    /// What `parse` makes of the new text.
    pub fn parse<T, E: Into<FieldError>>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(&self.text(field)?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.errors.insert(field, error.into());
                None
            }
        }
    }

    /// The new number, which has to be a whole one.
    pub fn whole(&mut self, field: &'static str) -> Option<i64> {
        let number = self.change(field)?.as_i64();
        if number.is_none() {
            self.errors.insert(field, FieldError::WHOLE);
        }
        number
    }

    /// The new boolean.
    pub fn flag(&self, field: &str) -> Option<bool> {
        self.change(field).map(coerce::boolean)
    }

    /// The values of `fields` that are new or were there, checked as far as the schema tells.
    pub fn columns<'b>(&mut self, fields: impl Iterator<Item = &'b Field>) -> Map<String, Value> {
        let mut columns = Map::new();
        for field in fields {
            let Some(value) = self.value(&field.name).cloned() else {
                continue;
            };
            match check(field, &value) {
                Ok(()) => drop(columns.insert(field.name.clone(), value)),
                Err(error) => self.errors.insert(field.name.clone(), error),
            }
        }
        columns
    }
}

/// Who writes the others, is the server.
fn is_writable(field: &Field) -> bool {
    !field.is_hidden && field.kind != FieldKind::Autodate
}

/// `field+` and `field-` of a number: the field, and its value then.
fn modified<'a>(
    schema: &'a Schema,
    record: &Map<String, Value>,
    key: &str,
    value: &Value,
) -> Option<(&'a Field, f64)> {
    let (name, sign) = match key.strip_suffix('+') {
        Some(name) => (name, 1.0),
        None => (key.strip_suffix('-')?, -1.0),
    };
    let field = schema
        .field(name)
        .filter(|field| field.kind == FieldKind::Number)?;
    Some((
        field,
        record.get(name).map_or(0.0, coerce::number) + sign * coerce::number(value),
    ))
}

fn check(field: &Field, value: &Value) -> Result<(), FieldError> {
    let is_empty = match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    };
    if is_empty {
        return if field.is_required {
            Err(FieldError::BLANK)
        } else {
            Ok(())
        };
    }
    match (field.kind, value) {
        (FieldKind::Text, Value::String(text)) if text.chars().count() > field.max => {
            Err(Invalid::TooLong { max: field.max }.into())
        }
        (FieldKind::Email, Value::String(text)) if crate::domain::Email::parse(text).is_none() => {
            Err(FieldError::EMAIL)
        }
        (FieldKind::Select, value) => {
            let texts = value
                .as_array()
                .map_or(std::slice::from_ref(value), Vec::as_slice);
            let unknown = texts
                .iter()
                .map(coerce::text)
                .find(|text| !field.values.contains(text));
            unknown.map_or(Ok(()), |text| Err(FieldError::select(&text)))
        }
        _ => Ok(()),
    }
}
