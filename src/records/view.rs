//! Records as PocketBase's API has them: JSON objects with their keys in byte order, an empty text for what is not given, no
//! password and no token key.

use serde_json::{Map, Value};

use super::coerce;
use super::fields::of_record::{parse_columns, typed_values};
use super::fields::tables::BuiltIn;
use crate::domain::{Collection, Collections, Company, FieldShape, Shape, Superuser, User};
use crate::store::Record;

/// The JSON object of any record.
pub fn record(record: &Record, collections: &Collections) -> Map<String, Value> {
    match record {
        Record::User(user) => self::user(user, &collections.users),
        Record::Company(company) => self::company(company, &collections.companies),
        Record::Superuser(superuser) => self::superuser(superuser, &collections.superusers),
    }
}

/// The JSON object of a user with the contract's types, whatever types an imported collection has.
pub fn contract_user(user: &User, collection: &Collection) -> Map<String, Value> {
    let fields = collection.shapes();
    let own = fields
        .iter()
        .filter(|field| User::field(&field.name).is_none());
    object(user, user.columns.as_deref(), collection, own)
}

/// The JSON object of a user.
pub fn user(user: &User, collection: &Collection) -> Map<String, Value> {
    let fields = collection.shapes().iter();
    object(user, user.columns.as_deref(), collection, fields)
}

/// The JSON object of a user as the user sees it.
pub fn own_user(user: &User, collection: &Collection) -> Map<String, Value> {
    let mut object = self::user(user, collection);
    hide(&mut object, collection);
    object
}

/// The JSON object of a company.
pub fn company(company: &Company, collection: &Collection) -> Map<String, Value> {
    let fields = collection.shapes().iter();
    object(company, Some(&company.columns), collection, fields)
}

/// The JSON object of a superuser.
pub fn superuser(superuser: &Superuser, collection: &Collection) -> Map<String, Value> {
    let fields = collection.shapes().iter();
    object(superuser, None, collection, fields)
}

/// Takes away the fields that an imported collection shows to superusers only.
pub fn hide(object: &mut Map<String, Value>, collection: &Collection) {
    for field in collection.shapes().iter().filter(|field| field.is_hidden) {
        object.shift_remove(&field.name);
    }
}

/// The built-in fields and the deployment's own columns, which never hide a built-in field; these fields in their shape.
fn object<'a, R: BuiltIn>(
    record: &R,
    columns: Option<&str>,
    collection: &Collection,
    fields: impl Iterator<Item = &'a FieldShape>,
) -> Map<String, Value> {
    let mut object = match columns {
        Some(columns) => parse_columns(Some(columns)),
        None => Map::with_capacity(R::fields_by_name().len() + 2),
    };
    let has_columns = !object.is_empty() || !collection.shapes().is_empty();
    object.insert("collectionId".into(), collection.id.as_str().into());
    object.insert("collectionName".into(), collection.kind.name().into());
    for (name, value) in typed_values(record) {
        object.insert(name.to_owned(), value.to_json());
    }
    for field in fields.filter(|field| !field.is_hidden) {
        let is_cast = R::field(&field.name).is_some();
        shape(&mut object, field, is_cast);
    }
    if has_columns {
        object.sort_keys();
    }
    object
}

/// Gives a field the shape that the imported collection has of it, be it by a cast; one that was never set is empty.
fn shape(object: &mut Map<String, Value>, field: &FieldShape, is_cast: bool) {
    let known = object.get(&field.name);
    let other = match known {
        Some(value) if is_cast => shaped(field.shape, value),
        Some(_) => None,
        None => Some(field.shape.empty()),
    };
    if let Some(value) = other {
        object.insert(field.name.clone(), value);
    }
}

/// A value of another type, cast; nothing if it has the shape already.
fn shaped(shape: Shape, value: &Value) -> Option<Value> {
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
        let shown = super::company(
            &company(r#"{"zone":7,"city":"X","company_id":"C2"}"#),
            &collections.companies,
        );
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
        for shown in [
            super::company(&company("{}"), &collections.companies),
            super::superuser(&superuser, &collections.superusers),
        ] {
            assert!(shown.keys().is_sorted() && !shown.contains_key("password"));
        }
    }
}
