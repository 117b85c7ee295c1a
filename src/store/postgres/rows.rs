//! Rows of the database as what they are.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::errors::unreadable;
use crate::domain::{Company, Kind, Superuser, User};
use crate::store::{Action, Error, Record, stored};

/// A column of a row.
pub fn column<'a, T: FromSql<'a>>(row: &'a Row, place: usize) -> Result<T, Error> {
    row.try_get(place).map_err(|error| unreadable(&error))
}

/// A number that is never negative.
pub fn number(row: &Row, place: usize) -> Result<u64, Error> {
    let number: i64 = column(row, place)?;
    u64::try_from(number).map_err(|_| Error::Damaged(format!("a number that is {number}")))
}

/// The record of that kind in a row of id and bytes.
pub fn record(kind: Kind, row: &Row) -> Result<Record, Error> {
    decode(kind, column(row, 0)?, column(row, 1)?)
}

/// The record of that kind in `bytes`, stored under `id`.
pub fn decode(kind: Kind, id: &str, bytes: &[u8]) -> Result<Record, Error> {
    Ok(match kind {
        Kind::Users => Record::User(stored::decode_user(id, bytes)?),
        Kind::Companies => Record::Company(stored::decode_company(id, bytes)?),
        Kind::Superusers => Record::Superuser(stored::decode_superuser(id, bytes)?),
    })
}

/// The bytes of a record.
pub fn encode(record: &Record) -> Result<Vec<u8>, Error> {
    match record {
        Record::User(user) => stored::encode_user(user),
        Record::Company(company) => stored::encode_company(company),
        Record::Superuser(superuser) => stored::encode_superuser(superuser),
    }
}

/// The user in a row of id and bytes.
pub fn user(row: &Row) -> Result<User, Error> {
    stored::decode_user(column(row, 0)?, column(row, 1)?)
}

/// The company in a row of id and bytes.
pub fn company(row: &Row) -> Result<Company, Error> {
    stored::decode_company(column(row, 0)?, column(row, 1)?)
}

/// The superuser in a row of id and bytes.
pub fn superuser(row: &Row) -> Result<Superuser, Error> {
    stored::decode_superuser(column(row, 0)?, column(row, 1)?)
}

/// The number of a kind in a column.
pub fn kind_number(kind: Kind) -> i16 {
    match kind {
        Kind::Users => 0,
        Kind::Companies => 1,
        Kind::Superusers => 2,
    }
}

/// The kind of that number.
pub fn kind_of(number: i16) -> Result<Kind, Error> {
    let found = Kind::ALL
        .into_iter()
        .find(|kind| kind_number(*kind) == number);
    found.ok_or_else(|| Error::Damaged(format!("a record of kind {number}")))
}

/// The number of an action in a column.
pub fn action_number(action: Action) -> i16 {
    match action {
        Action::Create => 0,
        Action::Update => 1,
        Action::Delete => 2,
    }
}

/// The action of that number.
pub fn action_of(number: i16) -> Result<Action, Error> {
    let all = [Action::Create, Action::Update, Action::Delete];
    let found = all
        .into_iter()
        .find(|action| action_number(*action) == number);
    found.ok_or_else(|| Error::Damaged(format!("a change of kind {number}")))
}
