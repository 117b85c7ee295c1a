//! Rows made of records.

use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

use super::super::error::Error;
use super::super::source_tables::Field;
use super::pictures::NamingField;
use super::secrets::{password_hash, token_key};
use crate::domain::{Avatar, TokenKey};
use crate::random::Random;
use crate::records::coerce;
use crate::records::fields::of_record::{columns, parse_columns, values};
use crate::store::Record;

/// A row, and what it has no column for.
pub struct NewRow {
    /// A value for each field.
    pub values: Vec<Sql>,
    /// The names of columns for which there is no field.
    pub left_behind: Vec<String>,
}

impl NewRow {
    /// The row of a record in a table with these fields, of which one names the picture.
    pub fn new(
        record: &Record,
        fields: &[Field],
        picture: Option<&(NamingField, Avatar)>,
        random: &Random,
    ) -> Result<Self, Error> {
        let mut values = all_values(record, fields, random)?;
        if let Some((field, avatar)) = picture {
            field.name_picture(&mut values, avatar);
        }
        // A map that keeps its order moves the rest when it is not swapped.
        let row = fields
            .iter()
            .map(|field| sql(field, values.swap_remove(&field.name)))
            .collect();
        values.retain(|_, value| !value.is_null() && *value != "");
        Ok(Self {
            values: row,
            left_behind: values.into_iter().map(|(name, _)| name).collect(),
        })
    }
}

/// The deployment's own columns, the built-in fields and the secrets.
fn all_values(
    record: &Record,
    fields: &[Field],
    random: &Random,
) -> Result<Map<String, Value>, Error> {
    let mut all = parse_columns(columns(record));
    for (name, value) in values(record) {
        let field = fields.iter().find(|field| field.name == name);
        let value = built_in(field, value.to_json());
        all.insert(name.to_owned(), value);
    }
    if let Some((hash, key)) = secrets(record) {
        all.insert("password".to_owned(), password_hash(random, hash)?.into());
        all.insert("tokenKey".to_owned(), token_key(key).into());
    }
    Ok(all)
}

/// A built-in value in a field of any JSON, of which it has the text: a list or an object, if it is one.
fn built_in(field: Option<&Field>, value: Value) -> Value {
    match (field, value) {
        (Some(field), Value::String(text)) if field.is_any_json() => match text.as_bytes() {
            [] => Value::Null,
            [b'[' | b'{', ..] => serde_json::from_str(&text).unwrap_or_else(|_| text.into()),
            _ => text.into(),
        },
        (_, value) => value,
    }
}

/// The password hash and the token key of a record that can log in.
fn secrets(record: &Record) -> Option<(Option<&str>, &TokenKey)> {
    match record {
        Record::User(user) => Some((user.password_hash.as_deref(), &user.token_key)),
        Record::Superuser(superuser) => {
            Some((Some(&superuser.password_hash), &superuser.token_key))
        }
        Record::Company(_) => None,
    }
}

/// A value in the column of a field, cast as PocketBase does; without a value, what PocketBase has there by default.
fn sql(field: &Field, value: Option<Value>) -> Sql {
    let value = value.filter(|value| !value.is_null());
    let value = value.unwrap_or_else(|| field.empty());
    match (field.r#type.as_str(), value) {
        ("json", Value::Null) => Sql::Null,
        // Any other JSON would keep PocketBase from reading the record.
        ("geoPoint", value) if !value.is_object() => Sql::Text(field.empty().to_string()),
        ("json" | "geoPoint", value) => Sql::Text(value.to_string()),
        (_, value) if field.is_json() => Sql::Text(Value::from(coerce::list(&value)).to_string()),
        ("number", value) => number(&coerce::json_number(coerce::number(&value))),
        ("bool", value) => Sql::Integer(coerce::boolean(&value).into()),
        (_, value) => Sql::Text(coerce::text(&value)),
    }
}

fn number(value: &Value) -> Sql {
    match value.as_i64() {
        Some(number) => Sql::Integer(number),
        None => Sql::Real(value.as_f64().unwrap_or_default()),
    }
}
