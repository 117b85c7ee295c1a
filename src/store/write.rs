//! Writes: decided by the caller on records that it read, compared by the store with what is stored.

use jiff::Timestamp;

use super::{Error, Record};
use crate::domain::RecordId;

/// One write of a list that is committed together.
///
/// `before` is the version that the write was decided on. It has to be what is stored, in all but the number; within a
/// list it is what the writes before this one left. Numbers are the store's: an inserted record gets the next one, an
/// updated one keeps its own. Id and time of creation of a record never change. Times are kept in whole milliseconds.
#[derive(Clone, Debug)]
pub enum Write {
    /// Adds a record.
    Insert(Record),
    /// Replaces a record, `updated` included.
    Update {
        /// The version that the write was decided on.
        before: Record,
        /// The record from now on.
        after: Record,
    },
    /// Removes a record, unless it is the last superuser.
    Delete {
        /// The version that the write was decided on.
        before: Record,
    },
}

impl Write {
    /// Adds `record`.
    #[must_use]
    pub fn insert(record: impl Into<Record>) -> Self {
        Self::Insert(record.into())
    }

    /// Replaces `before`, on which that was decided, by `after`.
    #[must_use]
    pub fn update<R: Into<Record>>(before: R, after: R) -> Self {
        Self::Update {
            before: before.into(),
            after: after.into(),
        }
    }

    /// Removes `before`, on which that was decided.
    #[must_use]
    pub fn delete(before: impl Into<Record>) -> Self {
        Self::Delete {
            before: before.into(),
        }
    }

    /// Record ids of the users whom it is about.
    pub(super) fn users(&self) -> impl Iterator<Item = &RecordId> {
        let record = match self {
            Self::Insert(record) | Self::Update { after: record, .. } => record,
            Self::Delete { before } => before,
        };
        record.as_user().map(|user| &user.id).into_iter()
    }

    /// Cuts all times to the milliseconds that are stored.
    ///
    /// # Errors
    /// [`Error::Failed`] when an update makes another record of it.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        match self {
            Self::Insert(record) | Self::Delete { before: record } => cut_times(record),
            Self::Update { before, after } => {
                cut_times(before);
                cut_times(after);
                ensure_same(before, after)?;
            }
        }
        Ok(())
    }
}

fn cut_times(record: &mut Record) {
    for time in record.times_mut() {
        *time = Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(*time);
    }
}

fn ensure_same(before: &Record, after: &Record) -> Result<(), Error> {
    let is_same = before.kind() == after.kind()
        && before.id() == after.id()
        && before.created() == after.created();
    match is_same {
        true => Ok(()),
        false => Err(Error::Failed(format!(
            "an update makes another record of {}",
            before.id()
        ))),
    }
}

/// Reason why a write may not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The record id is taken.
    Id,
    /// The openid is taken.
    OpenId,
    /// The phone is taken.
    Phone,
    /// The e-mail address is taken.
    Email,
    /// The company's key is taken.
    CompanyId,
    /// There is no such record to change or to delete.
    NoSuchRecord,
    /// The record is not what it was when the change was decided.
    Changed,
    /// It is the last superuser.
    LastSuperuser,
    /// The pictures of all users would take more than they may.
    NoRoom,
}

/// Reason why a list of writes was not committed; nothing of it is stored.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// A write may not be done.
    #[error("write {index} is refused: {conflict:?}")]
    Conflict {
        /// Its place in the list.
        index: usize,
        /// The reason.
        conflict: Conflict,
    },
    /// The store failed; after [`Error::Unknown`] and [`Error::Unavailable`] the writes may be stored.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl CommitError {
    /// Whether the writes may be stored.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(
            self,
            Self::Failed(Error::Unknown(_) | Error::Unavailable(_))
        )
    }
}
