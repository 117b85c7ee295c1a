//! A company that users belong to.

use jiff::Timestamp;

use super::RecordId;

/// A company: its key, and its columns, which are the deployment's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Record id, unique.
    pub id: RecordId,
    /// Place in the order of creation, counted from 1; the store gives it.
    pub number: u64,
    /// Key that `User::company_id` refers to; unique unless empty.
    pub company_id: String,
    /// Every other column but the dates, as the text of one JSON object.
    pub columns: String,
    /// Time of creation.
    pub created: Timestamp,
    /// Time of the last change.
    pub updated: Timestamp,
}
