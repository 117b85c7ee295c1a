//! Errors of redb as errors of the store.

use super::damage::{is_damage, is_unread};
use crate::store::Error;

macro_rules! from_storage_error {
    ($($error:ident),+) => {
        $(impl From<redb::$error> for Error {
            fn from(error: redb::$error) -> Self {
                match error {
                    redb::$error::Storage(error) => error.into(),
                    error => Self::Failed(error.to_string()),
                }
            }
        })+
    };
}

from_storage_error!(TableError, TransactionError, CommitError);

impl From<redb::StorageError> for Error {
    fn from(error: redb::StorageError) -> Self {
        match error {
            redb::StorageError::Io(e) if is_damage(&e) || is_unread(&e) => {
                Self::Damaged(e.to_string())
            }
            error => Self::Failed(error.to_string()),
        }
    }
}

/// An index entry that leads to no user, or to one who is not in its place: damage, not an answer.
pub fn wrong_index_entry(id: &str) -> Error {
    Error::Damaged(format!("an index entry leads to user {id}"))
}
