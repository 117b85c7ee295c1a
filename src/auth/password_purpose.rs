//! Purposes of passwords, and the audit events of each.

use crate::domain::{Actor, EventKind, Phone, RecordId};
use crate::error::Error;

/// Purpose of a password that somebody sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordPurpose {
    /// The login by phone, which tells that nobody has the phone.
    PlatformLogin,
    /// The login of a user by any identity.
    UserLogin,
    /// The login of a superuser.
    SuperuserLogin,
    /// The old password, for a change of one's own record.
    OldPassword,
}

impl PasswordPurpose {
    /// The event of a success, if that is one.
    pub fn succeeded(self, id: &RecordId) -> Option<(EventKind, Actor)> {
        match self {
            Self::PlatformLogin | Self::UserLogin => {
                Some((EventKind::Login, Actor::User(id.clone())))
            }
            Self::SuperuserLogin => Some((EventKind::SuperuserLogin, Actor::Superuser(id.clone()))),
            Self::OldPassword => None,
        }
    }

    /// The event of a failure.
    pub fn failed(self) -> EventKind {
        match self {
            Self::SuperuserLogin => EventKind::SuperuserLoginFailed,
            Self::PlatformLogin | Self::UserLogin | Self::OldPassword => EventKind::LoginFailed,
        }
    }

    /// Whether the failure is no event: of an old password, only a wrong one is.
    pub fn is_silent_about(self, error: &Error) -> bool {
        self == Self::OldPassword && !matches!(error, Error::WrongPassword)
    }

    /// The detail of the events.
    pub fn detail(self) -> &'static str {
        match self {
            Self::PlatformLogin | Self::UserLogin => "password",
            Self::SuperuserLogin => "",
            Self::OldPassword => "old password",
        }
    }

    /// A name that nobody has as events show it: a phone with its middle hidden, and nothing else.
    pub fn masked(self, name: &str) -> String {
        match Phone::parse(name) {
            Ok(phone) if self != Self::SuperuserLogin => phone.masked(),
            _ => String::new(),
        }
    }
}
