//! Failures of logins that all servers on a database count together.

/// Failures that are counted under one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// Their number.
    pub count: u32,
    /// Time of the newest, in Unix milliseconds.
    pub at_ms: i64,
    /// Whether what they are counted for has succeeded before.
    pub is_familiar: bool,
}
