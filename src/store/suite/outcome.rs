//! Outcomes of properties.

use std::fmt::Debug;

use crate::store::{CommitError, Conflict};

/// Reason why a property does not hold.
#[derive(Clone, Debug)]
pub struct Failed(pub String);

/// Whether a property holds.
pub type Outcome = Result<(), Failed>;

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// A failure in these words.
pub fn failed(words: impl Into<String>) -> Failed {
    Failed(words.into())
}

/// Fails unless both are the same.
pub fn same<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    match found == expected {
        true => Ok(()),
        false => Err(failed(format!(
            "{what}: found {found:?}, expected {expected:?}"
        ))),
    }
}

/// Fails unless it holds.
pub fn holds(what: &str, it_does: bool) -> Outcome {
    match it_does {
        true => Ok(()),
        false => Err(failed(format!("it does not hold that {what}"))),
    }
}

/// Fails unless a commit was refused with this conflict.
pub fn refused<T>(what: &str, outcome: Result<T, CommitError>, expected: Conflict) -> Outcome {
    match outcome {
        Err(CommitError::Conflict { conflict, .. }) => same(what, &conflict, &expected),
        Err(CommitError::Failed(error)) => Err(failed(format!("{what}: {error}"))),
        Ok(_) => Err(failed(format!("{what}: it was committed"))),
    }
}
