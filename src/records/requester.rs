//! Somebody who asks for changes of records.

use std::net::IpAddr;

use super::reader::Reader;
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

    /// Whoever asks, as rules see them.
    pub fn reader(&self) -> Reader {
        match self {
            Self::Client { principal, .. } => principal.clone().into(),
            Self::Operator => Reader::Operator,
        }
    }

    /// The source of whom limits hold; those of superusers and of the operator are none.
    pub fn limited_source(&self) -> Option<Source> {
        match self {
            Self::Client { source, .. } if !self.is_superuser() => Some((*source).into()),
            _ => None,
        }
    }
}
