//! A company that users belong to.

/// A company: its key and its columns, which are the deployment's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// What `User::company_id` refers to.
    pub company_id: String,
    /// Every column of the record, as the text of one JSON object.
    pub record: String,
}
