//! Changes that may not be made, in words of no door: each door turns them into its own.

use super::problem::{FieldProblem, FieldProblems};
use crate::error::Error;
use crate::store::{self, Conflict};

/// The reason why a change may not be made; as text, one line for a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such record, or it is none of the requester's business.
    #[error("The requested resource wasn't found.")]
    NotFound,
    /// There is no such collection.
    #[error("Missing collection context.")]
    NoCollection,
    /// The request makes no sense.
    #[error("Something went wrong while processing your request.")]
    BadRequest,
    /// Only superusers may do it.
    #[error("Only superusers can perform this action.")]
    SuperusersOnly,
    /// Nobody could administer the server any more.
    #[error("You can't delete the only existing superuser.")]
    LastSuperuser,
    /// A new record would have values that it may not have.
    #[error("{0}")]
    Create(FieldProblems),
    /// A record would have values that it may not have.
    #[error("{0}")]
    Update(FieldProblems),
}

impl Refusal {
    /// The refusal of a write that conflicts with what is stored.
    pub fn of(conflict: Conflict, is_new: bool) -> Self {
        let field = match conflict {
            Conflict::Id => "id",
            Conflict::OpenId => "openid",
            Conflict::Phone => "users_phone",
            Conflict::Email => "email",
            Conflict::CompanyId => "company_id",
            Conflict::LastSuperuser => return Self::LastSuperuser,
            Conflict::NoSuchRecord | Conflict::Changed => return Self::NotFound,
            // Pictures come by another way.
            Conflict::NoRoom => return Self::BadRequest,
        };
        let problems = (field, FieldProblem::NotUnique).into();
        if is_new {
            Self::Create(problems)
        } else {
            Self::Update(problems)
        }
    }

    /// Whether the phone is somebody else's.
    pub fn is_taken_phone(&self) -> bool {
        match self {
            Self::Create(problems) | Self::Update(problems) => {
                problems.of("users_phone") == Some(&FieldProblem::NotUnique)
            }
            _ => false,
        }
    }
}

/// The reason why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// It may not be made.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many attempts, or an error of ours.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<store::Error> for ChangeError {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The reason why none of several changes was made.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// One of them may not be made.
    #[error("{refusal}")]
    Refused {
        /// Its place, the first being 0.
        index: usize,
        /// The reason.
        refusal: Refusal,
    },
    /// Too many attempts, or an error of ours.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl ChangesError {
    /// The error of the change at `index`.
    pub fn at(index: usize, error: ChangeError) -> Self {
        match error {
            ChangeError::Refused(refusal) => Self::Refused { index, refusal },
            ChangeError::Failed(error) => Self::Failed(error),
        }
    }
}

/// The only one of them is at fault.
impl From<ChangesError> for ChangeError {
    fn from(error: ChangesError) -> Self {
        match error {
            ChangesError::Refused { refusal, .. } => Self::Refused(refusal),
            ChangesError::Failed(error) => Self::Failed(error),
        }
    }
}
