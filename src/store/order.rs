//! Orders in which records are read, and places in them.

use jiff::Timestamp;

use super::Record;
use crate::domain::{Kind, RecordId};

/// An order of records that the store has an index for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// All records of a kind, by their ids.
    ById(Kind),
    /// Users by the time of their creation, and by their numbers.
    UsersByCreated {
        /// Begins with the newest.
        newest_first: bool,
    },
}

/// A place in an order, behind which a page begins. Neither the id of a record nor its creation ever changes, so a cursor
/// stays good when its record is changed or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub(super) Place);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind so many records.
    Skip(usize),
    /// Behind a record, by all that an order may go by.
    Record {
        id: RecordId,
        created: Timestamp,
        number: u64,
    },
}

impl Cursor {
    /// The beginning of every order.
    pub const START: Self = Self(Place::Skip(0));

    /// The place behind the first `count` records. They are counted by the index and not read.
    #[must_use]
    pub fn skip(count: u64) -> Self {
        Self(Place::Skip(usize::try_from(count).unwrap_or(usize::MAX)))
    }

    /// The place behind that id, in an order by ids.
    #[must_use]
    pub fn after_id(id: &RecordId) -> Self {
        Self(Place::Record {
            id: id.clone(),
            created: Timestamp::UNIX_EPOCH,
            number: 0,
        })
    }

    /// The place behind `record`, as the store returned it.
    #[must_use]
    pub fn after(record: &Record) -> Self {
        Self(Place::Record {
            id: record.id().clone(),
            created: record.created(),
            number: record.number(),
        })
    }
}
