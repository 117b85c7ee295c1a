//! Errors of tokens.

use std::fmt;

/// Reason why a token is refused. Clients are told no more than that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not of our form.
    #[error("not a token of this server")]
    Malformed,
    /// Made with a key that is unknown or no longer kept.
    #[error("made with an unknown key")]
    UnknownKey,
    /// The authentication tag does not fit: forged or damaged.
    #[error("forged or damaged")]
    Forged,
    /// Past its time.
    #[error("expired")]
    Expired,
    /// Made at a time that has not come yet: the clock was wrong then, and the token would live too long.
    #[error("made in the future")]
    FromTheFuture,
    /// Good for something else.
    #[error("for another purpose")]
    OtherPurpose,
    /// Made between a backup and its restoration.
    #[error("made after the backup that was restored since")]
    RevocationWindow,
}

/// A token could not be made: the system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("a token could not be made: {0}")]
pub struct IssueError(String);

impl IssueError {
    /// An error with this cause.
    pub(super) fn new(cause: impl fmt::Display) -> Self {
        Self(cause.to_string())
    }
}
