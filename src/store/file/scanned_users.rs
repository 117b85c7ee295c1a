//! Pages of users for a scan of all of them: their bytes are copied once, and read where they are.

use std::ops::Bound;

use super::file_store::FileStore;
use super::stored;
use super::tables::USERS;
use crate::domain::RecordId;
use crate::store::Error;
use crate::store::scanned_user::ScannedUser;

/// Bytes of some users, in the order of their ids.
#[derive(Debug, Default)]
pub struct ScannedUsers {
    bytes: Vec<u8>,
    /// Ends of each id and of its user.
    ends: Vec<(usize, usize)>,
}

impl ScannedUsers {
    /// The users.
    ///
    /// # Errors
    /// [`Error::Damaged`] with the id of one that cannot be read.
    pub fn users(&self) -> Result<Vec<ScannedUser<'_>>, Error> {
        let mut users = Vec::with_capacity(self.ends.len());
        let mut start = 0;
        for &(id_end, end) in &self.ends {
            users.push(stored::decode_scanned_user(
                id(&self.bytes[start..id_end])?,
                &self.bytes[id_end..end],
            )?);
            start = end;
        }
        Ok(users)
    }

    /// Number of users.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    fn push(&mut self, id: &str, user: &[u8]) {
        self.bytes.extend_from_slice(id.as_bytes());
        let id_end = self.bytes.len();
        self.bytes.extend_from_slice(user);
        self.ends.push((id_end, self.bytes.len()));
    }
}

fn id(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::Damaged("an id of a user".into()))
}

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
