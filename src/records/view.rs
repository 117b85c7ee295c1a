//! Records as PocketBase's API has them: JSON objects with their keys in byte order, an empty text for what is not given, no
//! password and no token key.

use serde_json::{Map, Value};

use super::fields::of_record::{parse_columns, typed_values};
use super::fields::tables::BuiltIn;
use crate::domain::{Collection, Collections, Company, Superuser, User};
use crate::store::Record;

/// The JSON object of any record.
pub fn record(record: &Record, collections: &Collections) -> Map<String, Value> {
    match record {
        Record::User(user) => self::user(user, &collections.users),
        Record::Company(company) => self::company(company, &collections.companies),
        Record::Superuser(superuser) => self::superuser(superuser, &collections.superusers),
    }
}

/// The JSON object of a user.
pub fn user(user: &User, collection: &Collection) -> Map<String, Value> {
    object(user, user.columns.as_deref(), collection)
}

/// The JSON object of a company.
pub fn company(company: &Company, collection: &Collection) -> Map<String, Value> {
    object(company, Some(&company.columns), collection)
}

/// The JSON object of a superuser.
pub fn superuser(superuser: &Superuser, collection: &Collection) -> Map<String, Value> {
    object(superuser, None, collection)
}

/// The built-in fields and the deployment's own columns, which never hide a built-in field.
fn object<R: BuiltIn>(
    record: &R,
    columns: Option<&str>,
    collection: &Collection,
) -> Map<String, Value> {
    let mut object = match columns {
        Some(columns) => parse_columns(Some(columns)),
        None => Map::with_capacity(R::fields_by_name().len() + 2),
    };
    let has_columns = !object.is_empty();
    object.insert("collectionId".into(), collection.id.as_str().into());
    object.insert("collectionName".into(), collection.kind.name().into());
    for (name, value) in typed_values(record) {
        object.insert(name.to_owned(), value.to_json());
    }
    if has_columns {
        object.sort_keys();
    }
    object
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
