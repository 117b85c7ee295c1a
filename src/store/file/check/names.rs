//! Index of users by name: it has to have each user who has a name, and nobody else.

use std::hash::RandomState;

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::sum::Sum;
use crate::store::Error;
use crate::store::file::tables::{USERS, USERS_BY_NAME, name_key};
use crate::store::stored;

/// Sum of all entries.
pub fn sum_of_names(txn: &ReadTransaction, hasher: &RandomState) -> Result<Sum, Error> {
    let mut sum = Sum::default();
    for entry in txn.open_table(USERS_BY_NAME)?.iter()? {
        sum.add(hasher, entry?.0.value(), "");
    }
    Ok(sum)
}

/// Looks for each user's entry, until one is not there.
pub fn ensure_named(txn: &ReadTransaction) -> Result<(), Error> {
    let names = txn.open_table(USERS_BY_NAME)?;
    let mut seen = 0;
    for entry in txn.open_table(USERS)?.iter()? {
        let (id, bytes) = entry?;
        let user = stored::decode_user(id.value(), bytes.value())?;
        let Some(key) = name_key(&user) else { continue };
        seen += 1;
        if names.get(key)?.is_none() {
            return Err(Error::Damaged(format!(
                "users_by_name does not have user {}",
                id.value()
            )));
        }
    }
    match names.len()? {
        len if len == seen => Ok(()),
        _ => Err(Error::Damaged(
            "users_by_name has entries that lead to nobody".into(),
        )),
    }
}
