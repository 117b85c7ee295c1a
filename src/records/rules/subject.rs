//! Records that rules are asked about.

use serde_json::{Map, Value as Json};

use crate::domain::Kind;
use crate::filter::{self, Value};
use crate::records::filter_record::FilterRecord;
use crate::records::schema::{FieldKind, Schema, Schemas};
use crate::store::Record;

/// Record that a rule is asked about.
pub enum Subject {
    /// One that is stored, or was.
    Stored(Record),
    /// One that somebody wants to make.
    Proposed(Record),
    /// Values that somebody wants to make a record of, and that can be none's.
    Values(Kind, Map<String, Json>),
}

/// Record as a rule sees it.
pub enum SubjectView<'a> {
    /// One that is stored.
    Stored(FilterRecord<'a>),
    /// One that is not.
    Proposed(FilterRecord<'a>),
    /// Values that are no record's.
    Values(&'a Map<String, Json>, &'a Schema),
}

impl Subject {
    /// The kind of the record.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Stored(record) | Self::Proposed(record) => record.kind(),
            Self::Values(kind, _) => *kind,
        }
    }

    /// The record as a rule sees it.
    pub fn view<'a>(&'a self, schemas: &'a Schemas) -> SubjectView<'a> {
        let schema = schemas.of(self.kind());
        match self {
            Self::Stored(record) => SubjectView::Stored(FilterRecord::new(record, schema)),
            Self::Proposed(record) => SubjectView::Proposed(FilterRecord::new(record, schema)),
            Self::Values(_, values) => SubjectView::Values(values, schema),
        }
    }
}

impl<'a> SubjectView<'a> {
    /// A stored record as a rule sees it.
    pub fn stored(record: &'a Record, schemas: &'a Schemas) -> Self {
        Self::Stored(FilterRecord::new(record, schemas.of(record.kind())))
    }
}

impl filter::Record for SubjectView<'_> {
    fn value(&self, field: &str) -> Value<'_> {
        match self {
            Self::Stored(record) | Self::Proposed(record) => record.value(field),
            Self::Values(values, schema) => value_of(values, schema, field),
        }
    }

    fn rowid(&self) -> u64 {
        match self {
            Self::Stored(record) | Self::Proposed(record) => record.rowid(),
            Self::Values(..) => 0,
        }
    }

    fn is_stored(&self) -> bool {
        matches!(self, Self::Stored(_))
    }
}

fn value_of<'a>(values: &'a Map<String, Json>, schema: &Schema, field: &str) -> Value<'a> {
    let is_choice = schema
        .field(field)
        .is_some_and(|field| matches!(field.kind, FieldKind::Select | FieldKind::Reference));
    match values.get(field) {
        Some(Json::String(text)) if is_choice => Value::Choice(text),
        Some(Json::String(text)) => Value::Text(text),
        Some(Json::Number(number)) => Value::Number(number.as_f64().unwrap_or_default()),
        Some(Json::Bool(flag)) => Value::Bool(*flag),
        _ => Value::Null,
    }
}
