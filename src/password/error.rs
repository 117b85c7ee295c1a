//! Errors of password hashing.

/// Reason why a password was neither hashed nor verified.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The queue is full; try again soon.
    #[error("too many passwords are waiting to be checked")]
    Busy,
    /// The cost parameters are out of range.
    #[error("password.log_n, password.r and password.p do not fit together")]
    Cost,
    /// A stored hash or the hashing itself is broken.
    #[error("hashing failed: {0}")]
    Failed(String),
}
