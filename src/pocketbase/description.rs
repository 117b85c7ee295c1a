//! Collections as `/api/collections` lists them, and as its filters see them.

use serde_json::Value;

use super::Context;
use crate::domain::Kind;
use crate::filter;
use crate::http::wire_types::AuthRecord;
use crate::records::collection::Description;

/// The collections in the order in which PocketBase would have made them.
pub const IN_ORDER: [Kind; 3] = [Kind::Superusers, Kind::Companies, Kind::Users];

/// Fields by which collections can be found and sorted.
pub const SEARCHABLE: [&str; 6] = ["id", "created", "updated", "name", "system", "type"];

/// A description, and its place among the others.
#[derive(Clone)]
pub struct Described {
    pub json: AuthRecord,
    place: u64,
}

/// Describes the collection of that kind.
pub fn describe(context: &Context, kind: Kind) -> Described {
    let collections = context.app.collections();
    let schemas = context.records.schemas();
    let schema = schemas.of(kind);
    let lifetimes = (&context.app.config.token).into();
    let has_field = |name: &str| schema.field(name).is_some();
    let description = Description::new(collections.of(kind), lifetimes, has_field);
    let place = IN_ORDER.iter().zip(1..).find(|(other, _)| **other == kind);
    Described {
        json: AuthRecord(description.into_json(schema.to_json())),
        place: place.map_or(0, |(_, place)| place),
    }
}

impl filter::Record for Described {
    fn value(&self, field: &str) -> filter::Value<'_> {
        match self.json.0.get(field) {
            Some(Value::String(text)) => filter::Value::Text(text),
            Some(Value::Bool(value)) => filter::Value::Bool(*value),
            _ => filter::Value::Null,
        }
    }

    fn rowid(&self) -> u64 {
        self.place
    }
}
