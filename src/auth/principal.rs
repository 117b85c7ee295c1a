//! Principals: the users and superusers that valid tokens stand for.

use crate::domain::{Actor, IssuedToken, RecordId, Status, Superuser, TokenKey, User};
use crate::error::{Error, Result};
use crate::store::Record;
use crate::token::Impersonator;

/// Result of authenticating a token.
#[derive(Clone, Debug)]
pub struct Authentication {
    /// The owner of the token.
    pub principal: Principal,
    /// The token itself; `None`: it is one that cannot be ended by itself.
    pub token: Option<IssuedToken>,
    /// Whether a new token may be had for the one that was presented.
    pub is_refreshable: bool,
    /// Superusers with whose tokens this one ends, because it was taken by impersonation.
    pub impersonators: Vec<Impersonator>,
}

/// A user or a superuser.
#[derive(Clone, Debug)]
pub enum Principal {
    /// A user.
    User(Box<User>),
    /// A superuser.
    Superuser(Box<Superuser>),
}

impl Principal {
    /// The id of the record.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        match self {
            Self::User(user) => &user.id,
            Self::Superuser(superuser) => &superuser.id,
        }
    }

    pub(super) fn token_key(&self) -> &TokenKey {
        match self {
            Self::User(user) => &user.token_key,
            Self::Superuser(superuser) => &superuser.token_key,
        }
    }

    pub(super) fn ensure_active(&self) -> Result<()> {
        match self {
            Self::User(user) => ensure_active(user),
            Self::Superuser(_) => Ok(()),
        }
    }

    /// Whether both are the same record.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.id() == other.id()
    }
}

impl From<Principal> for Record {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::User(user) => Self::User(*user),
            Principal::Superuser(superuser) => Self::Superuser(*superuser),
        }
    }
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        match principal {
            Principal::User(user) => Self::User(user.id.clone()),
            Principal::Superuser(superuser) => Self::Superuser(superuser.id.clone()),
        }
    }
}

/// A disabled user has no valid login.
pub(super) fn ensure_active(user: &User) -> Result<()> {
    match user.status {
        Status::Active => Ok(()),
        Status::Disabled => Err(Error::Disabled),
    }
}
