//! Failures of an operator's commands.

use serde::{Deserialize, Serialize};

use crate::app::StartError;
use crate::error::Error;
use crate::records::list::ListError;
use crate::records::refusal::{ChangeError, Refusal};
use crate::{backup, store};

/// The reason why an operator's command was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Deserialize, Serialize)]
#[error("{message}")]
pub struct Failure {
    /// The kind of reason.
    pub cause: Cause,
    /// One line for a person.
    pub message: String,
}

/// The kind of reason why a command was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Cause {
    /// There is nothing of that name.
    NotFound,
    /// The command asks for what cannot be.
    Invalid,
    /// It should have worked.
    Failed,
}

impl Failure {
    /// A failure because there is nothing of that name.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::NotFound,
            message: message.into(),
        }
    }

    /// A failure because the command asks for what cannot be.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            cause: Cause::Invalid,
            message: message.into(),
        }
    }

    /// A failure of what should have worked.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "errors are mapped by it")]
    pub fn failed(message: impl ToString) -> Self {
        Self {
            cause: Cause::Failed,
            message: message.to_string(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::failed(error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::failed(error)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::failed(error)
    }
}

impl From<backup::Error> for Failure {
    fn from(error: backup::Error) -> Self {
        Self::failed(error)
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(refusal @ Refusal::NotFound) => {
                Self::not_found(refusal.to_string())
            }
            ChangeError::Refused(refusal) => Self::invalid(refusal.to_string()),
            ChangeError::Failed(error) => error.into(),
        }
    }
}

impl From<ListError> for Failure {
    fn from(error: ListError) -> Self {
        match error {
            ListError::TooCostly(_) => Self::invalid(
                "The filter compares too much text of one record: use fewer comparisons, or none of long fields with each other.",
            ),
            ListError::Failed(error) => error.into(),
            refused => Self::invalid(refused.to_string()),
        }
    }
}
