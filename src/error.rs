//! The errors of the operations: what a caller acts on. No transport in them; `contract::error` gives them a status.

use std::time::Duration;

use crate::domain::IdType;
use crate::wechat::QuotaPeriod;
use crate::{limits, password, random, store, token, wechat};

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Reason why an operation did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No token, or one that is not valid (any more).
    #[error("not authenticated: {0}")]
    Unauthenticated(&'static str),
    /// The user is disabled, and came with a token or a WeChat code.
    #[error("the account is disabled")]
    Disabled,
    /// The user is disabled, and came with the right password.
    #[error("the account is disabled (password login)")]
    LoginDisabled,
    /// The rule for logins lets nobody log in as the user.
    #[error("the collection's authRule lets nobody log in as this user")]
    LoginRefused,
    /// A superuser may not come from that address.
    #[error("superusers may not come from this address; see console.allow_ips")]
    SuperuserAddress,
    /// The password is not the user's.
    #[error("wrong password")]
    WrongPassword,
    /// A WeChat user where a platform user is wanted.
    #[error("not a platform user")]
    NotPlatformUser,
    /// A platform user where a WeChat user is wanted.
    #[error("not a WeChat user")]
    NotWechatUser,
    /// No user with the openid.
    #[error("no such user")]
    UserNotFound,
    /// No user with the phone.
    #[error("no such platform user")]
    PlatformUserNotFound,
    /// Nobody may register.
    #[error("registration is closed; see platform.registration")]
    RegistrationClosed,
    /// The phone to register with belongs to somebody.
    #[error("the phone is taken")]
    PhoneTaken {
        /// Origin of that user.
        by: IdType,
    },
    /// The phone for a profile belongs to somebody else.
    #[error("the phone belongs to another user")]
    PhoneOfAnother,
    /// WeChat does not accept the code.
    #[error(transparent)]
    CodeRefused(wechat::Error),
    /// The same request once more, or one too soon after others.
    #[error("too many requests")]
    TooMany {
        /// Time to wait.
        retry_after: Duration,
    },
    /// So much waits already that the request was not begun.
    #[error("the server is busy")]
    Busy {
        /// Time to wait.
        retry_after: Duration,
    },
    /// WeChat takes no more calls for now.
    #[error("WeChat's quota is used up")]
    WechatQuota {
        /// Time that the quota is counted over.
        period: QuotaPeriod,
        /// Time to wait.
        retry_after: Duration,
    },
    /// Too many wrong guesses, or too many requests of a kind that costs money.
    #[error("too many attempts")]
    TooManyAttempts {
        /// Time to wait.
        retry_after: Duration,
    },
    /// The database does not answer for now. What was to be written may be stored.
    #[error("the database does not answer for now")]
    Unavailable {
        /// Time to wait.
        retry_after: Duration,
        /// The store's words, for the log.
        #[source]
        cause: store::Error,
    },
    /// The user lacks the identity that login needs.
    #[error("the platform user has no native identity")]
    NoIdentity,
    /// Ours to mend, not the client's: the cause goes to the log and nowhere else.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Cause of [`Error::Unauthenticated`] for who sent no token at all.
pub const NO_TOKEN: &str = "no token";

/// Time that a client waits before it tries a full queue again.
const BUSY_RETRY: Duration = Duration::from_secs(1);
/// Time that a client waits before it asks a database again that did not answer.
const UNAVAILABLE_RETRY: Duration = Duration::from_secs(1);

impl Error {
    /// The time to wait, where waiting helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooMany { retry_after }
            | Self::Busy { retry_after }
            | Self::WechatQuota { retry_after, .. }
            | Self::TooManyAttempts { retry_after }
            | Self::Unavailable { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// An error of whoever finds a full queue.
    #[must_use]
    pub fn busy() -> Self {
        Self::Busy {
            retry_after: BUSY_RETRY,
        }
    }

    /// An error that only the log explains.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<limits::Error> for Error {
    fn from(error: limits::Error) -> Self {
        match error {
            limits::Error::TooMany { retry_after } => Self::TooMany { retry_after },
            limits::Error::TooManyAttempts { retry_after } => Self::TooManyAttempts { retry_after },
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Unavailable(_) => Self::Unavailable {
                retry_after: UNAVAILABLE_RETRY,
                cause: error,
            },
            other => Self::internal(other),
        }
    }
}

/// A conflict that the operation does not expect.
impl From<store::CommitError> for Error {
    fn from(error: store::CommitError) -> Self {
        match error {
            store::CommitError::Failed(error) => error.into(),
            conflict @ store::CommitError::Conflict { .. } => Self::internal(conflict),
        }
    }
}

impl From<password::Error> for Error {
    fn from(error: password::Error) -> Self {
        match error {
            password::Error::Busy => Self::busy(),
            other => Self::internal(other),
        }
    }
}

impl From<wechat::Error> for Error {
    fn from(error: wechat::Error) -> Self {
        match error {
            wechat::Error::CodeRefused(_) => Self::CodeRefused(error),
            wechat::Error::Quota {
                period,
                retry_after,
            } => Self::WechatQuota {
                period,
                retry_after,
            },
            wechat::Error::Full => Self::busy(),
            other => Self::internal(other),
        }
    }
}

impl From<token::Error> for Error {
    fn from(_: token::Error) -> Self {
        Self::Unauthenticated("the token is not valid")
    }
}

impl From<token::IssueError> for Error {
    fn from(error: token::IssueError) -> Self {
        Self::internal(error)
    }
}

impl From<random::NoEntropy> for Error {
    fn from(error: random::NoEntropy) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_does_not_answer_is_worth_another_try() {
        let away = || store::Error::Unavailable("db does not answer".into());
        for error in [
            Error::from(away()),
            store::CommitError::Failed(away()).into(),
        ] {
            assert_eq!(error.retry_after(), Some(UNAVAILABLE_RETRY));
        }
        let failed = store::Error::Failed("the disk is full".into());
        assert_eq!(Error::from(failed).retry_after(), None);
    }
}
