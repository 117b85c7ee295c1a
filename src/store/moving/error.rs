//! Reasons why a database was not moved.

use crate::store::Error;

/// Reason why a database was not moved.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MoveError {
    /// The source was changed meanwhile.
    #[error(
        "{source_name} was changed while it was moved: stop all servers and commands on it, and move it again ({again})"
    )]
    Changed {
        /// Name of the source.
        source_name: String,
        /// Remedy for the target before.
        again: String,
    },
    /// A difference between what was written and what was read.
    #[error(
        "{target_name} does not hold what was read: {difference}; it is not to be used, the source is as it was ({again})"
    )]
    Different {
        /// Name of the target.
        target_name: String,
        /// Both counts and checksums.
        difference: String,
        /// Remedy for the target before the next try.
        again: String,
    },
    /// One of both databases failed.
    #[error(transparent)]
    Store(#[from] Error),
}
