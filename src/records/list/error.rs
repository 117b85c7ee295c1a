//! Reasons why a list is not given.

use crate::error::Error;
use crate::filter::{self, TooCostly};
use crate::store;

/// Reason why a list is not given. Each door has its own words for it.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Records of the collection are listed for superusers and the operator only.
    #[error("only superusers may list these records")]
    SuperusersOnly,
    /// The filter or the sort uses a name that is reserved for superusers.
    #[error("only superusers may filter by {}", .0.prefix())]
    Reserved(ReservedName),
    /// The filter or the sort cannot be read, or names a field that there is not.
    #[error(transparent)]
    FilterInvalid(#[from] filter::Error),
    /// The filter compares too much text of one record.
    #[error(transparent)]
    TooCostly(#[from] TooCostly),
    /// An internal error, or too many lists at once.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<store::Error> for ListError {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Name that only superusers may use in a filter or a sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservedName {
    /// Other collections.
    Collection,
    /// The request and its sender.
    Request,
}

impl ReservedName {
    /// All of them, in the order in which they are searched for.
    pub const ALL: [Self; 2] = [Self::Collection, Self::Request];

    /// Text that the name begins with.
    pub fn prefix(self) -> &'static str {
        let [collection, request] = filter::SUPERUSER_ONLY;
        match self {
            Self::Collection => collection,
            Self::Request => request,
        }
    }
}
