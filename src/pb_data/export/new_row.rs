//! Rows made of records.

use rusqlite::types::Value as Sql;
use serde_json::{Map, Value};

use super::super::error::Error;
use super::super::source_tables::Field;
use super::secrets::{password_hash, token_key};
use crate::domain::TokenKey;
use crate::random::Random;
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
    /// The row of a record in a table with these fields.
    pub fn new(record: &Record, fields: &[Field], random: &Random) -> Result<Self, Error> {
        let mut values = all_values(record, random)?;
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
fn all_values(record: &Record, random: &Random) -> Result<Map<String, Value>, Error> {
    let mut all = parse_columns(columns(record));
    for (name, value) in values(record) {
        all.insert(name.to_owned(), value.to_json());
    }
    if let Some((hash, key)) = secrets(record) {
        all.insert("password".to_owned(), password_hash(random, hash)?.into());
        all.insert("tokenKey".to_owned(), token_key(key).into());
    }
    Ok(all)
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

/// A value in the column of a field; without a value, what PocketBase has there by default.
fn sql(field: &Field, value: Option<Value>) -> Sql {
    match (field.r#type.as_str(), value) {
        ("json", None | Some(Value::Null)) => Sql::Null,
        ("geoPoint", None | Some(Value::Null)) => Sql::Text(r#"{"lon":0,"lat":0}"#.to_owned()),
        (_, None | Some(Value::Null)) if field.is_json() => Sql::Text("[]".to_owned()),
        (_, Some(value)) if field.is_json() => Sql::Text(value.to_string()),
        ("number" | "bool", None | Some(Value::Null)) => Sql::Integer(0),
        (_, None | Some(Value::Null)) => Sql::Text(String::new()),
        (_, Some(Value::Bool(is))) => Sql::Integer(is.into()),
        (_, Some(Value::Number(number))) => match number.as_i64() {
            Some(number) => Sql::Integer(number),
            None => Sql::Real(number.as_f64().unwrap_or_default()),
        },
        (_, Some(Value::String(text))) => Sql::Text(text),
        (_, Some(other)) => Sql::Text(other.to_string()),
    }
}
