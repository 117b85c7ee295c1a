//! Records to be written, as columns: one array for each, so that a statement writes any number of them.

use tokio_postgres::types::ToSql;

use super::columns::{column_number, column_text, email, name_begin, phone};
use super::pipeline::Pipeline;
use super::rows::{action_number, encode, kind_number};
use super::statements as sql;
use super::working_set::{Version, WorkingSet};
use crate::domain::{Kind, User};
use crate::store::{Error, Record};

/// Users to be written. One whose unique keys change is removed and added again: what another one gives up may be what it gets.
#[derive(Default)]
pub struct UserRows {
    removed: Vec<String>,
    added: Added,
    changed: Changed,
}

/// Users to be added, as columns.
#[derive(Default)]
pub struct Added {
    /// Ids.
    pub ids: Vec<String>,
    /// Numbers.
    pub numbers: Vec<i64>,
    /// Openids.
    pub openids: Vec<String>,
    /// Phones.
    pub phones: Vec<Option<String>>,
    /// E-mail addresses that the server did not make.
    pub emails: Vec<Option<String>>,
    /// Begins of names.
    pub names: Vec<Option<String>>,
    /// Times of creation.
    pub created: Vec<i64>,
    /// Bytes.
    pub records: Vec<Vec<u8>>,
}

#[derive(Default)]
struct Changed {
    ids: Vec<String>,
    names: Vec<Option<String>>,
    records: Vec<Vec<u8>>,
}

impl UserRows {
    /// The users of a working set.
    ///
    /// # Errors
    /// [`Error::Failed`] when one cannot be encoded.
    pub fn new(set: &WorkingSet) -> Result<Self, Error> {
        let mut rows = Self::default();
        for (kind, version) in set.changed() {
            if kind == Kind::Users {
                rows.push(version)?;
            }
        }
        Ok(rows)
    }

    fn push(&mut self, Version { before, after }: &Version) -> Result<(), Error> {
        let before = before.as_ref().and_then(Record::as_user);
        let after = after.as_ref().and_then(Record::as_user);
        match (before, after) {
            (Some(before), Some(after)) if keys(before) == keys(after) => self.changed.push(after),
            (before, after) => {
                self.removed.extend(before.map(|user| user.id.to_string()));
                after.map_or(Ok(()), |after| self.added.push(after))
            }
        }
    }

    /// Sends the statements.
    pub fn send<'a>(&'a self, sent: &mut Pipeline<'a>) {
        if !self.removed.is_empty() {
            sent.query(sql::DELETE_USERS, vec![&self.removed]);
        }
        let Added {
            ids,
            numbers,
            openids,
            phones,
            emails,
            names,
            created,
            records,
        } = &self.added;
        if !ids.is_empty() {
            sent.query(
                sql::INSERT_USERS,
                vec![
                    ids, numbers, openids, phones, emails, names, created, records,
                ],
            );
        }
        let Changed {
            ids,
            names,
            records,
        } = &self.changed;
        if !ids.is_empty() {
            sent.query(sql::UPDATE_USERS, vec![ids, names, records]);
        }
    }
}

/// Keys that only one user has, and the number, which never changes.
fn keys(user: &User) -> (&str, Option<String>, Option<String>, u64) {
    (
        user.openid.as_str(),
        phone(user),
        email(user),
        user.number.0,
    )
}

impl Added {
    /// Adds a user.
    ///
    /// # Errors
    /// [`Error::Failed`] when it cannot be encoded.
    pub fn push(&mut self, user: &User) -> Result<(), Error> {
        self.ids.push(user.id.to_string());
        self.numbers.push(column_number(user.number.0));
        self.openids.push(user.openid.to_string());
        self.phones.push(phone(user));
        self.emails.push(email(user));
        self.names.push(name_begin(&user.name));
        self.created.push(user.created.as_millisecond());
        self.records.push(crate::store::stored::encode_user(user)?);
        Ok(())
    }
}

impl Changed {
    fn push(&mut self, user: &User) -> Result<(), Error> {
        self.ids.push(user.id.to_string());
        self.names.push(name_begin(&user.name));
        self.records.push(crate::store::stored::encode_user(user)?);
        Ok(())
    }
}

/// Companies or superusers to be written: each that changes is removed and added again.
#[derive(Default)]
pub struct RecordRows {
    removed: Vec<String>,
    ids: Vec<String>,
    numbers: Vec<i64>,
    keys: Vec<Option<String>>,
    records: Vec<Vec<u8>>,
}

impl RecordRows {
    /// The records of that kind in a working set.
    ///
    /// # Errors
    /// [`Error::Failed`] when one cannot be encoded.
    pub fn new(set: &WorkingSet, wanted: Kind) -> Result<Self, Error> {
        let mut rows = Self::default();
        for (kind, Version { before, after }) in set.changed() {
            if kind != wanted {
                continue;
            }
            let before = before.as_ref().map(|record| record.id().to_string());
            rows.removed.extend(before);
            if let Some(after) = after {
                rows.push(after, encode(after)?);
            }
        }
        Ok(rows)
    }

    /// Adds a record with its bytes.
    pub fn push(&mut self, record: &Record, bytes: Vec<u8>) {
        self.ids.push(record.id().to_string());
        self.numbers.push(column_number(record.number()));
        self.keys.push(key(record));
        self.records.push(bytes);
    }

    /// The columns of those that are added.
    pub fn columns(&self) -> [&(dyn ToSql + Sync); 4] {
        [&self.ids, &self.numbers, &self.keys, &self.records]
    }

    /// Sends the statements.
    pub fn send<'a>(&'a self, sent: &mut Pipeline<'a>, delete: &'static str, insert: &'static str) {
        if !self.removed.is_empty() {
            sent.query(delete, vec![&self.removed]);
        }
        if !self.ids.is_empty() {
            sent.query(insert, self.columns().to_vec());
        }
    }
}

/// The key of a company, unless it is empty, or the e-mail address of a superuser.
pub fn key(record: &Record) -> Option<String> {
    let key = match record {
        Record::User(_) => return None,
        Record::Company(company) => &company.company_id,
        Record::Superuser(superuser) => &superuser.email,
    };
    (!key.is_empty()).then(|| column_text(key).into_owned())
}

/// Changes to be written.
#[derive(Default)]
pub struct ChangeRows {
    at_ms: i64,
    numbers: Vec<i64>,
    actions: Vec<i16>,
    kinds: Vec<i16>,
    ids: Vec<String>,
    records: Vec<Vec<u8>>,
}

impl ChangeRows {
    /// The changes of a working set, numbered from the newest that is stored on.
    ///
    /// # Errors
    /// [`Error::Failed`] when a record cannot be encoded.
    pub fn new(set: &WorkingSet, at_ms: i64) -> Result<Self, Error> {
        let mut rows = Self {
            at_ms,
            ..Self::default()
        };
        for (change, number) in set.changes.iter().zip(set.totals.change + 1..) {
            rows.numbers.push(number);
            rows.actions.push(action_number(change.action));
            rows.kinds.push(kind_number(change.record.kind()));
            rows.ids.push(change.record.id().to_string());
            rows.records.push(encode(&change.record)?);
        }
        Ok(rows)
    }

    /// Sends the statement.
    pub fn send<'a>(&'a self, sent: &mut Pipeline<'a>) {
        if !self.numbers.is_empty() {
            sent.query(
                sql::INSERT_CHANGES,
                vec![
                    &self.numbers,
                    &self.at_ms,
                    &self.actions,
                    &self.kinds,
                    &self.ids,
                    &self.records,
                ],
            );
        }
    }
}
