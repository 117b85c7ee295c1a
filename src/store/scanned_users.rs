//! Pages of users for a scan of all of them: their bytes are copied once, and read where they are.

use super::scanned_user::ScannedUser;
use super::{Error, stored};

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

    pub(super) fn push(&mut self, id: &str, user: &[u8]) {
        self.bytes.extend_from_slice(id.as_bytes());
        let id_end = self.bytes.len();
        self.bytes.extend_from_slice(user);
        self.ends.push((id_end, self.bytes.len()));
    }
}

fn id(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::Damaged("an id of a user".into()))
}
