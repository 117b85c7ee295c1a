//! Failures of an operator's commands.

use std::time::Duration;

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
    /// The database has bytes that were not written to it; the message says where.
    Damaged,
    /// The same; the message names the database, too.
    DamagedFile,
    /// The file is no database of ours.
    Foreign,
    /// Another process has the database open.
    InUse,
    /// The server that runs did not answer in time.
    Silent,
    /// The server that runs is another version of this program.
    OtherVersion,
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

    /// A failure because the server did not answer within `limit`.
    #[must_use]
    pub fn silent(limit: Duration) -> Self {
        Self {
            cause: Cause::Silent,
            message: format!("the server does not answer (within {} s)", limit.as_secs()),
        }
    }

    /// The failure of a command on the database of this name: of damage it says which one has it.
    #[must_use]
    pub fn on(self, database: String) -> Self {
        match self.cause {
            Cause::Damaged => Self::whole(&store::Error::DamagedFile {
                path: database,
                reason: self.message,
            }),
            _ => self,
        }
    }

    /// The failure whose message is all that the error says.
    fn whole(error: &store::Error) -> Self {
        let cause = match error {
            store::Error::Damaged(_) | store::Error::DamagedFile { .. } => Cause::DamagedFile,
            store::Error::Foreign { .. } => Cause::Foreign,
            store::Error::InUse { .. } => Cause::InUse,
            _ => Cause::Failed,
        };
        Self {
            cause,
            message: error.to_string(),
        }
    }
}

/// No stranger reads it, so the cause of an internal error is told.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Internal(cause) => match cause.downcast::<store::Error>() {
                Ok(error) => (*error).into(),
                Err(cause) => Self::failed(cause),
            },
            Error::Unavailable { cause, .. } => cause.into(),
            error => Self::failed(error),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(error) => Self::whole(&error),
            error => Self::failed(error),
        }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Damaged(reason) => Self {
                cause: Cause::Damaged,
                message: reason,
            },
            error => Self::whole(&error),
        }
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
            ChangeError::Refused(Refusal::LastSuperuser) => Self::invalid(
                "the last superuser stays: make another one first (\"bai superuser create EMAIL\")",
            ),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_told_with_the_file_that_has_it() {
        let damaged = || store::Error::Damaged("block 47 of the file is damaged".into());
        for failure in [
            Failure::from(damaged()),
            Failure::from(Error::from(damaged())),
            Failure::from(ChangeError::from(damaged())),
            Failure::from(ListError::from(damaged())),
        ] {
            let failure = failure.on("/srv/bai.redb".to_owned());
            assert_eq!(failure.cause, Cause::DamagedFile);
            let told = failure.message;
            assert!(
                told.starts_with("/srv/bai.redb is damaged: block 47 of the file"),
                "{told}"
            );
        }
    }

    #[test]
    fn a_file_that_does_not_open_says_why_to_programs_and_to_people() {
        let (path, reason) = (|| "/srv/bai.redb".to_owned(), || "odd".to_owned());
        let damaged = store::Error::DamagedFile {
            path: path(),
            reason: reason(),
        };
        let foreign = store::Error::Foreign {
            path: path(),
            reason: reason(),
        };
        let open = store::Error::Open {
            path: path(),
            reason: reason(),
        };
        for (error, cause) in [
            (damaged, Cause::DamagedFile),
            (foreign, Cause::Foreign),
            (store::Error::InUse { path: path() }, Cause::InUse),
            (open, Cause::Failed),
        ] {
            let words = error.to_string();
            let failure = Failure::from(StartError::from(error));
            assert_eq!((failure.cause, failure.message), (cause, words));
        }
    }

    #[test]
    fn an_operator_is_told_the_cause_of_an_internal_error() {
        let error = Error::from(store::Error::Failed("No space left on device".into()));
        let told = Failure::from(error).message;
        assert!(told.contains("No space left on device"), "{told}");
    }
}
