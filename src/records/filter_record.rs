//! A record as filters and sorts look at it: its values without the JSON of it, since a scan looks at a million.

use std::cell::OnceCell;

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::date::date_text;
use super::fields::of_record::{columns, parse_columns, value};
use super::fields::value::FieldValue;
use super::schema::{Field, FieldKind, Schema};
use crate::domain::Kind;
use crate::filter::{self, Value};
use crate::store::Record;

/// Field that not everybody sees.
pub const EMAIL: &str = "email";

/// A record beside what has to be made of it for a filter; that is made when it is asked for.
pub struct FilterRecord<'a> {
    record: &'a Record,
    schema: &'a Schema,
    hides_email: bool,
    created: OnceCell<String>,
    updated: OnceCell<String>,
    number: OnceCell<String>,
    columns: OnceCell<Map<String, Json>>,
}

impl<'a> FilterRecord<'a> {
    /// The record, of a collection with these fields.
    pub fn new(record: &'a Record, schema: &'a Schema) -> Self {
        Self {
            record,
            schema,
            hides_email: false,
            created: OnceCell::new(),
            updated: OnceCell::new(),
            number: OnceCell::new(),
            columns: OnceCell::new(),
        }
    }

    /// The record without its e-mail address.
    #[must_use]
    pub fn without_email(self) -> Self {
        Self {
            hides_email: true,
            ..self
        }
    }

    /// The text of a date of the record.
    fn date(&self, field: &str, at: Timestamp) -> &str {
        let text = match field {
            "created" => &self.created,
            _ => &self.updated,
        };
        text.get_or_init(|| date_text(at))
    }

    /// A column that is the deployment's own.
    fn column(&self, name: &str) -> Value<'_> {
        let columns = self.columns.get_or_init(|| flat_columns(self.record));
        let kind = self.record.kind();
        column_value(self.schema, kind, name, columns.get(name))
    }
}

/// Value of a column that is the deployment's own.
pub fn column_value<'a>(
    schema: &'a Schema,
    kind: Kind,
    name: &str,
    value: Option<&'a Json>,
) -> Value<'a> {
    match value {
        Some(Json::String(text)) => match schema.field(name) {
            Some(field) if !has_choices(field) => Value::Text(text),
            Some(field) if field.is_list => Value::Choices(text),
            Some(_) => Value::Choice(text),
            None => Value::Text(text),
        },
        Some(Json::Number(number)) => Value::Number(number.as_f64().unwrap_or_default()),
        Some(Json::Bool(flag)) => Value::Bool(*flag),
        None if name == "collectionId" => Value::Text(&schema.id),
        None if name == "collectionName" => Value::Text(kind.name()),
        None => match schema.field(name) {
            Some(field) if !field.is_hidden() => empty(field),
            _ => Value::Null,
        },
        _ => Value::Null,
    }
}

fn has_choices(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Select | FieldKind::Reference)
}

impl filter::Record for FilterRecord<'_> {
    fn value(&self, field: &str) -> Value<'_> {
        match value(self.record, field) {
            Some(_) if self.hides_email && field == EMAIL => Value::Text(""),
            Some(FieldValue::Text("")) if is_list(self.schema, field) => Value::Choices("[]"),
            Some(FieldValue::Text(text))
                if text.starts_with('[') && is_list(self.schema, field) =>
            {
                Value::Choices(text)
            }
            Some(FieldValue::Text(text)) => Value::Text(text),
            Some(FieldValue::Choice(word)) => Value::Choice(word),
            Some(FieldValue::Number(value)) => number(value),
            Some(FieldValue::Bool(flag)) => Value::Bool(flag),
            Some(FieldValue::Date(at)) => Value::Text(self.date(field, at)),
            Some(FieldValue::UserNumber(value)) => {
                Value::Text(self.number.get_or_init(|| value.to_string()))
            }
            None => self.column(field),
        }
    }

    fn rowid(&self) -> u64 {
        self.record.number()
    }
}

fn is_list(schema: &Schema, name: &str) -> bool {
    schema.field(name).is_some_and(|field| field.is_list)
}

/// The value of a field that was never set.
fn empty(field: &Field) -> Value<'static> {
    match field.kind {
        FieldKind::Number => Value::Number(0.0),
        FieldKind::Bool => Value::Bool(false),
        FieldKind::Json => Value::Null,
        FieldKind::Point => Value::Text(r#"{"lon":0,"lat":0}"#),
        FieldKind::Select | FieldKind::Reference if field.is_list => Value::Choices("[]"),
        FieldKind::Select | FieldKind::Reference => Value::Choice(""),
        _ => Value::Text(""),
    }
}

/// The columns of a record.
fn flat_columns(record: &Record) -> Map<String, Json> {
    let columns = parse_columns(columns(record)).into_iter();
    columns.map(|(name, value)| (name, flat(value))).collect()
}

/// A list or an object is the text that PocketBase's database has of it.
pub fn flat(value: Json) -> Json {
    match value {
        Json::Array(_) | Json::Object(_) => value.to_string().into(),
        other => other,
    }
}

#[expect(clippy::cast_precision_loss, reason = "PocketBase's numbers are such")]
fn number(number: i64) -> Value<'static> {
    Value::Number(number as f64)
}
