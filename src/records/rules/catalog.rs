//! The collections and fields that rules may name.

use crate::domain::{Collections, Kind};
use crate::filter::{Catalog, FieldType};
use crate::records::schema::{Field, FieldKind, Schemas};

/// Catalog of the three collections.
pub struct SchemaCatalog<'a> {
    /// Names and ids.
    pub collections: &'a Collections,
    /// Fields.
    pub schemas: &'a Schemas,
}

impl Catalog for SchemaCatalog<'_> {
    fn users(&self) -> &str {
        Kind::Users.name()
    }

    fn collection(&self, name_or_id: &str) -> Option<&str> {
        let collection = self.collections.find(name_or_id)?;
        Some(collection.kind.name())
    }

    fn field(&self, collection: &str, field: &str) -> Option<FieldType> {
        let kind = self.collections.find(collection)?.kind;
        self.schemas.of(kind).field(field).map(type_of)
    }
}

fn type_of(field: &Field) -> FieldType {
    if !field.is_for_all() {
        return FieldType::Hidden;
    }
    let is_many = field.is_list;
    match (field.kind, &field.related) {
        (FieldKind::Password, _) => FieldType::Hidden,
        (FieldKind::Reference, Some(collection)) => FieldType::Relation {
            collection: collection.clone(),
            is_many,
        },
        (FieldKind::Reference | FieldKind::Select, _) => FieldType::Choice { is_many },
        (FieldKind::Number, _) => FieldType::Number,
        (FieldKind::Json | FieldKind::Point, _) => FieldType::Json,
        _ => FieldType::Plain,
    }
}
