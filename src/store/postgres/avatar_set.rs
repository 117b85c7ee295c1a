//! Pictures of users in the working set.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::columns::column_number;
use super::pipeline::Pipeline;
use super::rows::column;
use super::statements as sql;
use crate::domain::{Avatar, AvatarName, RecordId};
use crate::store::{Error, stored};

/// Pictures of users by record ids: what is known of those that are stored, and what is to be written.
#[derive(Default)]
pub struct AvatarSet {
    /// Name and bytes of each that is there.
    known: HashMap<String, (AvatarName, u64)>,
    /// Pictures to be written, or to be removed.
    changed: HashMap<String, Option<Vec<u8>>>,
    /// Change of their number, and of the sum of their bytes.
    pub count: i64,
    /// Change of the sum of their bytes.
    pub bytes: i64,
}

impl AvatarSet {
    /// Adds what is stored.
    pub fn read(&mut self, row: &Row) -> Result<(), Error> {
        let id: String = column(row, 0)?;
        let name = AvatarName::parse(column(row, 1)?);
        let name = name.ok_or_else(|| Error::Damaged(format!("the avatar of user {id}")))?;
        let bytes: i64 = column(row, 2)?;
        self.known.insert(id, (name, bytes.unsigned_abs()));
        Ok(())
    }

    /// Name and bytes of a user's picture, if there is one.
    pub fn size(&self, user: &RecordId) -> Option<(AvatarName, u64)> {
        self.known.get(user.as_str()).cloned()
    }

    /// Writes a user's picture in the place of the one before.
    pub fn put(&mut self, user: &RecordId, avatar: &Avatar) -> Result<(), Error> {
        let stored = stored::encode_avatar(user.as_str(), avatar)?;
        self.remove(user);
        let bytes = avatar.bytes.len() as u64;
        self.count += 1;
        self.bytes += column_number(bytes);
        let id = user.to_string();
        self.known.insert(id.clone(), (avatar.name.clone(), bytes));
        self.changed.insert(id, Some(stored));
        Ok(())
    }

    /// Removes a user's picture; whether there was one.
    pub fn remove(&mut self, user: &RecordId) -> bool {
        let Some((_, bytes)) = self.known.remove(user.as_str()) else {
            return false;
        };
        self.count -= 1;
        self.bytes -= column_number(bytes);
        self.changed.insert(user.to_string(), None);
        true
    }

    /// Whether anything is to be written.
    pub fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }
}

/// Pictures to be written, as columns.
#[derive(Default)]
pub struct AvatarRows {
    removed: Vec<String>,
    ids: Vec<String>,
    names: Vec<String>,
    sizes: Vec<i64>,
    avatars: Vec<Vec<u8>>,
}

impl AvatarRows {
    /// The pictures of a working set.
    pub fn new(set: &AvatarSet) -> Self {
        let mut rows = Self::default();
        for (id, stored) in &set.changed {
            rows.removed.push(id.clone());
            if let (Some(stored), Some((name, bytes))) = (stored, set.known.get(id)) {
                rows.push(id, name, *bytes, stored.clone());
            }
        }
        rows
    }

    /// Adds a picture with its bytes in the database.
    pub fn push(&mut self, id: &str, name: &AvatarName, bytes: u64, stored: Vec<u8>) {
        self.ids.push(id.to_owned());
        self.names.push(name.to_string());
        self.sizes.push(column_number(bytes));
        self.avatars.push(stored);
    }

    /// The columns of those that are added.
    pub fn columns(&self) -> [&(dyn tokio_postgres::types::ToSql + Sync); 4] {
        [&self.ids, &self.names, &self.sizes, &self.avatars]
    }

    /// Sends the statements.
    pub fn send<'a>(&'a self, sent: &mut Pipeline<'a>) {
        if !self.removed.is_empty() {
            sent.query(sql::DELETE_AVATARS, vec![&self.removed]);
        }
        if !self.ids.is_empty() {
            sent.query(sql::INSERT_AVATARS, self.columns().to_vec());
        }
    }
}
