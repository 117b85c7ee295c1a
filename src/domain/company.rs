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
    /// What `User::company_id` refers to; unique unless empty.
    pub company_id: String,
    /// Every other column but the dates, as the text of one JSON object.
    pub columns: String,
    /// When the company was created.
    pub created: Timestamp,
    /// When the record last changed.
    pub updated: Timestamp,
}
