//! Somebody who asks for changes of records.

use std::net::IpAddr;

use crate::auth::{AuditContext, Principal};
use crate::domain::User;
use crate::limits::Source;

/// Somebody who asks for changes of records.
#[derive(Clone, Debug)]
pub enum Requester {
    /// Somebody who comes over the network.
    Client {
        /// The user or superuser whose token it is, if there is a valid one.
        principal: Option<Principal>,
        /// The address.
        source: IpAddr,
    },
    /// Whoever has the command line, who may do what superusers may.
    Operator,
}

impl Requester {
    /// The name that audit events have for them.
    pub fn audit_context(&self) -> AuditContext {
        match self {
            Self::Client { principal, source } => {
                AuditContext::over_network(principal.as_ref(), *source)
            }
            Self::Operator => AuditContext::operator(),
        }
    }

    /// The user who asks, and where from.
    pub fn user(&self) -> Option<(&User, Source)> {
        match self {
            Self::Client {
                principal: Some(Principal::User(user)),
                source,
            } => Some((user, (*source).into())),
            _ => None,
        }
    }

    /// Whether they may do everything.
    pub fn is_superuser(&self) -> bool {
        match self {
            Self::Client { principal, .. } => matches!(principal, Some(Principal::Superuser(_))),
            Self::Operator => true,
        }
    }

    /// Whether it is the user with this id.
    pub fn is_user(&self, id: &str) -> bool {
        self.user().is_some_and(|(user, _)| user.id.as_str() == id)
    }
}
