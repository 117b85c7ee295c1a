//! Identity of a database, and of which database a backup is.

use std::fmt;

/// The id of a database: random bytes, drawn once. Its backups carry it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DatabaseId([u8; 16]);

impl DatabaseId {
    /// The id of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; 16] {
        self.0
    }
}

/// Small hexadecimal digits.
impl fmt::Display for DatabaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DatabaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The place of a database file: a file that was renamed is where it was, a copy is not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// A hash of the id of the machine; zeros where machines have none.
    pub machine: [u8; 16],
    /// The inode number of the file.
    pub file: u64,
}

impl Place {
    /// Whether a file that was here is there; of a machine without an id, a container's, nobody knows which one it is.
    #[must_use]
    pub fn is_same(self, other: Self) -> bool {
        let is_unknown = [self.machine, other.machine].contains(&[0; 16]);
        self.file == other.file && (is_unknown || self.machine == other.machine)
    }
}

/// The identity that a database file carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// The id.
    pub id: DatabaseId,
    /// The place of the file when it got the id.
    pub place: Place,
    /// Whether the database was there before databases had ids: then backups without one are its own.
    pub predates_ids: bool,
}

impl DatabaseIdentity {
    /// Whether a backup that carries this id, or none, was made of this database.
    #[must_use]
    pub fn owns(&self, backup: Option<DatabaseId>) -> bool {
        backup.map_or(self.predates_ids, |id| id == self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_owned_by_its_id_and_without_one_by_a_database_that_is_older_than_ids() {
        let id = DatabaseId::new([0xa7; 16]);
        let identity = |predates_ids| DatabaseIdentity {
            id,
            place: Place::default(),
            predates_ids,
        };
        let other = DatabaseId::new([1; 16]);
        for predates_ids in [true, false] {
            let identity = identity(predates_ids);
            assert!(identity.owns(Some(id)) && !identity.owns(Some(other)));
            assert_eq!(identity.owns(None), predates_ids);
        }
        assert_eq!(id.to_string(), "a7".repeat(16));
    }
}
