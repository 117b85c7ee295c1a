//! Records as PocketBase's API has them: JSON objects with their keys in byte order, an empty text for what is not given, no
//! password and no token key.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::coerce;
use super::fields::of_record::{for_superusers, parse_columns, typed_values};
use super::fields::tables::BuiltIn;
use super::fields::value::FieldValue;
use crate::domain::{Collection, Collections, Company, FieldShape, Shape, Superuser, User};
use crate::store::Record;

/// A record as clients see it: its fields in the byte order of their names. It is written as JSON without being copied first,
/// because lists show a thousand of them.
pub struct RecordView<'a> {
    collection: &'a Collection,
    fields: Vec<(Cow<'a, str>, ShownValue<'a>)>,
}

/// The value of a field.
enum ShownValue<'a> {
    /// Of a built-in field.
    BuiltIn(FieldValue<'a>),
    /// Of a column, or of another type than the built-in field has.
    Json(Value),
}

/// The view of any record.
pub fn record<'a>(record: &'a Record, collections: &'a Collections) -> RecordView<'a> {
    match record {
        Record::User(user) => self::user(user, &collections.users),
        Record::Company(company) => self::company(company, &collections.companies),
        Record::Superuser(superuser) => self::superuser(superuser, &collections.superusers),
    }
}

/// The view of a user with the contract's types, whatever types an imported collection has, and without what only superusers see.
pub fn contract_user<'a>(user: &'a User, collection: &'a Collection) -> RecordView<'a> {
    let shapes = collection.shapes().iter();
    let own = shapes.filter(|field| User::field(&field.name).is_none());
    RecordView::new(user, user.columns.as_deref(), collection, own).without_fields_for_superusers()
}

/// The view of a user.
pub fn user<'a>(user: &'a User, collection: &'a Collection) -> RecordView<'a> {
    let shapes = collection.shapes().iter();
    RecordView::new(user, user.columns.as_deref(), collection, shapes)
}

/// The view of a company.
pub fn company<'a>(company: &'a Company, collection: &'a Collection) -> RecordView<'a> {
    let shapes = collection.shapes().iter();
    RecordView::new(company, Some(&company.columns), collection, shapes)
}

/// The view of a superuser.
pub fn superuser<'a>(superuser: &'a Superuser, collection: &'a Collection) -> RecordView<'a> {
    RecordView::new(superuser, None, collection, collection.shapes().iter())
}

impl<'a> RecordView<'a> {
    /// The built-in fields and the deployment's own columns, which never hide a built-in field; the fields of `shapes` in their shape.
    fn new<R: BuiltIn>(
        record: &'a R,
        columns: Option<&str>,
        collection: &'a Collection,
        shapes: impl Iterator<Item = &'a FieldShape>,
    ) -> Self {
        let mut view = Self {
            collection,
            fields: Vec::with_capacity(R::fields_by_name().len() + 2),
        };
        view.push_text("collectionId", collection.id.as_str());
        view.push_text("collectionName", collection.kind.name());
        for (name, value) in typed_values(record) {
            let value = ShownValue::BuiltIn(value);
            view.fields.push((Cow::Borrowed(name), value));
        }
        view.sort();
        view.add_columns(parse_columns(columns));
        for field in shapes.filter(|field| !field.is_hidden) {
            view.shape(field, R::field(&field.name).is_some());
        }
        view
    }

    fn push_text(&mut self, name: &'static str, text: &'a str) {
        let value = ShownValue::BuiltIn(FieldValue::Text(text));
        self.fields.push((Cow::Borrowed(name), value));
    }

    fn sort(&mut self) {
        self.fields
            .sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    }

    /// The place of a field, or the place where it would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.fields
            .binary_search_by(|(known, _)| known.as_ref().cmp(name))
    }

    fn add_columns(&mut self, columns: Map<String, Value>) {
        if columns.is_empty() {
            return;
        }
        let is_own = |(name, _): &(String, Value)| self.place(name).is_err();
        let own: Vec<_> = columns.into_iter().filter(is_own).collect();
        let own = own.into_iter();
        let own = own.map(|(name, value)| (Cow::Owned(name), ShownValue::Json(value)));
        self.fields.extend(own);
        self.sort();
    }

    /// Gives a field the shape that the imported collection has of it, be it by coercion; one that was never set is empty.
    fn shape(&mut self, field: &'a FieldShape, is_built_in: bool) {
        match self.place(&field.name) {
            Ok(place) if is_built_in => {
                let value = &mut self.fields[place].1;
                if let Some(other) = value.coerced(field.shape) {
                    *value = ShownValue::Json(other);
                }
            }
            Ok(_) => {}
            Err(place) => {
                let empty = ShownValue::Json(field.shape.empty());
                self.fields
                    .insert(place, (Cow::Borrowed(&field.name), empty));
            }
        }
    }

    /// The record without the fields that only superusers see, by the imported collection or because it says nothing of them.
    #[must_use]
    pub fn without_hidden(mut self) -> Self {
        let shapes = self.collection.shapes();
        for field in shapes.iter().filter(|field| field.is_hidden) {
            self = self.without(&field.name);
        }
        self.without_fields_for_superusers()
    }

    /// The record without the built-in fields that only superusers see, unless the imported collection shows them to all.
    fn without_fields_for_superusers(mut self) -> Self {
        let shapes = self.collection.shapes();
        for name in for_superusers(self.collection.kind) {
            let is_for_all = |field: &FieldShape| field.name == *name && !field.is_hidden;
            if !shapes.iter().any(is_for_all) {
                self = self.without(name);
            }
        }
        self
    }

    /// The record without that field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        if let Ok(place) = self.place(name) {
            self.fields.remove(place);
        }
        self
    }

    /// The record with another field, in the place of one of the same name.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        let value = ShownValue::Json(value);
        match self.place(name) {
            Ok(place) => self.fields[place].1 = value,
            Err(place) => self.fields.insert(place, (Cow::Borrowed(name), value)),
        }
        self
    }

    /// The record as a JSON object.
    pub fn to_map(&self) -> Map<String, Value> {
        let fields = self.fields.iter();
        fields
            .map(|(name, value)| (name.clone().into_owned(), value.to_json()))
            .collect()
    }
}

impl Serialize for RecordView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields.iter().map(|(name, value)| (name, value)))
    }
}

impl ShownValue<'_> {
    fn to_json(&self) -> Value {
        match self {
            Self::BuiltIn(value) => value.to_json(),
            Self::Json(value) => value.clone(),
        }
    }

    /// The value in another shape; nothing if it has that already, or there is none.
    fn coerced(&self, shape: Shape) -> Option<Value> {
        let is_text = match self {
            Self::Json(value) => return coerced(shape, value),
            Self::BuiltIn(FieldValue::Number(_)) if shape == Shape::Number => return None,
            Self::BuiltIn(FieldValue::Bool(_)) if shape == Shape::Bool => return None,
            Self::BuiltIn(FieldValue::Number(_) | FieldValue::Bool(_)) => false,
            Self::BuiltIn(_) => true,
        };
        match shape {
            Shape::Text if is_text => None,
            _ => coerced(shape, &self.to_json()),
        }
    }
}

impl Serialize for ShownValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::BuiltIn(value) => value.serialize(serializer),
            Self::Json(value) => value.serialize(serializer),
        }
    }
}

/// A value in another shape; nothing if it has that already, or there is none.
fn coerced(shape: Shape, value: &Value) -> Option<Value> {
    match (shape, value) {
        (Shape::Text, Value::Number(_) | Value::Bool(_)) => Some(coerce::text(value).into()),
        (Shape::Number, Value::String(_) | Value::Bool(_)) => {
            Some(coerce::json_number(coerce::number(value)))
        }
        (Shape::Bool, Value::String(_) | Value::Number(_)) => Some(coerce::boolean(value).into()),
        (Shape::List, Value::String(_)) => Some(coerce::list(value).into()),
        (Shape::Json, Value::String(text)) if text.is_empty() => Some(Value::Null),
        (Shape::Json, Value::String(text)) if text.starts_with(['[', '{']) => {
            serde_json::from_str(text).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{RecordId, TokenKey};

    #[test]
    fn keys_are_in_byte_order_and_columns_hide_nothing() {
        let collections = Collections::new(Timestamp::UNIX_EPOCH);
        let id = RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        let company = |columns: &str| Company {
            id: id.clone(),
            number: 1,
            company_id: "C1".into(),
            columns: columns.into(),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        };
        let with_columns = company(r#"{"zone":7,"city":"X","company_id":"C2"}"#);
        let view = super::company(&with_columns, &collections.companies);
        let shown = view.to_map();
        let keys: Vec<_> = shown.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "city",
                "collectionId",
                "collectionName",
                "company_id",
                "created",
                "id",
                "updated",
                "zone"
            ]
        );
        assert_eq!(shown["company_id"], "C1");
        let written = serde_json::to_string(&view).unwrap();
        assert_eq!(written, Value::Object(shown).to_string());
        let superuser = Superuser {
            id: id.clone(),
            number: 1,
            email: "a@b.c".into(),
            email_visibility: false,
            verified: true,
            password_hash: "$scrypt$".into(),
            token_key: TokenKey::new([9; 16]),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        };
        for view in [
            super::company(&company("{}"), &collections.companies),
            super::superuser(&superuser, &collections.superusers),
        ] {
            let shown = view.to_map();
            assert!(shown.keys().is_sorted() && !shown.contains_key("password"));
        }
    }
}
