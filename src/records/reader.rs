//! Somebody who reads records.

use crate::auth::Principal;
use crate::domain::Actor;
use crate::store::Record;

/// Somebody who reads records, whom rules let see some.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Nobody who is known.
    Nobody,
    /// A user, or a superuser, who sees all.
    Principal(Principal),
    /// The operator, who sees all.
    Operator,
}

impl From<Option<Principal>> for Reader {
    fn from(principal: Option<Principal>) -> Self {
        principal.map_or(Self::Nobody, Self::Principal)
    }
}

impl Reader {
    /// Whether the reader sees the records of everybody.
    pub fn sees_all(&self) -> bool {
        matches!(
            self,
            Self::Principal(Principal::Superuser(_)) | Self::Operator
        )
    }

    /// Record of the reader.
    pub fn record(&self) -> Option<Record> {
        match self {
            Self::Principal(principal) => Some(principal.clone().into()),
            Self::Nobody | Self::Operator => None,
        }
    }

    /// Actor in whose turn the work is done.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Nobody => Actor::Nobody,
            Self::Principal(principal) => principal.into(),
            Self::Operator => Actor::Operator,
        }
    }
}
