//! Pages of users for a scan of all of them.

use std::ops::Bound;

use super::file_store::FileStore;
use super::tables::USERS;
use crate::domain::RecordId;
use crate::store::{Error, ScannedUsers};

impl FileStore {
    pub(in crate::store) fn scanned_users(
        &self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<(ScannedUsers, Option<RecordId>), Error> {
        let from = after.map_or(Bound::Unbounded, |id| Bound::Excluded(id.as_str()));
        self.engine.read(|txn| {
            let users = txn.open_table(USERS)?;
            let mut page = ScannedUsers::default();
            let mut last = None;
            for entry in users.range::<&str>((from, Bound::Unbounded))?.take(limit) {
                let (id, bytes) = entry?;
                page.push(id.value(), bytes.value());
                if page.len() == limit {
                    last = RecordId::parse(id.value());
                }
            }
            Ok((page, last))
        })
    }

    pub(in crate::store) fn scanned_users_by_ids(
        &self,
        ids: &[RecordId],
    ) -> Result<ScannedUsers, Error> {
        self.engine.read(|txn| {
            let users = txn.open_table(USERS)?;
            let mut found = ScannedUsers::default();
            for id in ids {
                if let Some(bytes) = users.get(id.as_str())? {
                    found.push(id.as_str(), bytes.value());
                }
            }
            Ok(found)
        })
    }
}
