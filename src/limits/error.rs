//! Refusals by limits.

use std::time::Duration;

/// Refusal of a request by a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too much at once, or the same once more.
    #[error("too many requests")]
    TooMany {
        /// Time to wait.
        retry_after: Duration,
    },
    /// Too many guesses, or too many requests of a kind that costs money.
    #[error("too many attempts")]
    TooManyAttempts {
        /// Time to wait.
        retry_after: Duration,
    },
}

/// Result of asking a limit.
pub type Result<T, E = Error> = std::result::Result<T, E>;
