//! The progress of an import: numbers of records, and records that are refused.

use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::domain::Kind;

/// Numbers of records of one collection, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Tally {
    /// Imported.
    pub new: u64,
    /// Here already, the same.
    pub same: u64,
    /// Here already, and changed here since; left as they are.
    pub newer_here: u64,
    /// Not imported, because of a [`Problem`].
    pub refused: u64,
}

/// Numbers of records of all collections, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Summary {
    /// Companies.
    pub companies: Tally,
    /// Superusers.
    pub superusers: Tally,
    /// Users.
    pub users: Tally,
}

/// A record that is not imported.
pub struct RefusedRecord<'a> {
    /// The collection's kind.
    pub kind: Kind,
    /// The record's id, as PocketBase has it.
    pub id: &'a str,
    /// The reason.
    pub problem: Problem,
}

/// A receiver of the progress of an import.
pub trait ImportObserver {
    /// Receives the number of records to read.
    fn total(&mut self, records: u64);
    /// Receives the number of further records that were read and dealt with.
    fn done(&mut self, records: usize);
    /// Receives a record that is not imported.
    ///
    /// # Errors
    /// The record could not be reported; the import ends.
    fn refused(&mut self, record: &RefusedRecord<'_>) -> std::io::Result<()>;
}

impl Summary {
    /// The numbers of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Tally {
        match kind {
            Kind::Users => self.users,
            Kind::Companies => self.companies,
            Kind::Superusers => self.superusers,
        }
    }

    pub(super) fn of_mut(&mut self, kind: Kind) -> &mut Tally {
        match kind {
            Kind::Users => &mut self.users,
            Kind::Companies => &mut self.companies,
            Kind::Superusers => &mut self.superusers,
        }
    }

    /// The number of records that were not imported.
    #[must_use]
    pub fn refused(&self) -> u64 {
        Kind::ALL.iter().map(|kind| self.of(*kind).refused).sum()
    }
}
