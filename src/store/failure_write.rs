//! Changes of failures that all servers on a database count together.

use crate::domain::Failures;

/// A change of what is counted under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureWrite {
    /// The key.
    pub key: String,
    /// Failures that the change was decided on.
    pub before: Failures,
    /// Failures to be counted from now on.
    pub after: Failures,
}
