//! Errors of calls to WeChat, and the numbers of its refusals.

use std::fmt;
use std::time::Duration;

use crate::outbound::Cause;

/// Numbers that mean the operator's configuration or a bug of ours.
pub const OURS: [i64; 20] = [
    40001, 40002, 40013, 40014, 40125, 40164, 41002, 41004, 41008, 42001, 43002, 44002, 45035,
    47001, 48001, 48017, 410, 50002, 50004, 61004,
];

/// Reason why WeChat gave no usable answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// WeChat does not accept the code: wrong, expired, used, of another kind, or of a blocked user.
    #[error("WeChat refused the code: {0}")]
    CodeRefused(Refusal),
    /// A quota of WeChat's is used up.
    #[error("WeChat's quota is used up; next try in {} s", retry_after.as_secs())]
    Quota {
        /// Time that the quota is counted over.
        period: QuotaPeriod,
        /// Time to wait.
        retry_after: Duration,
    },
    /// App id, secret, allowlist or permissions are not as WeChat wants them: the operator's to mend.
    #[error(
        "WeChat refuses this server, check wechat.app_id, wechat.secret and the IP allowlist: {0}"
    )]
    Misconfigured(Refusal),
    /// WeChat says that it is busy, and said so again when asked again.
    #[error("WeChat is busy: {0}")]
    Busy(Refusal),
    /// Not asked, because too many calls wait already, or the source has its share of them.
    #[error("too many calls to WeChat are waiting")]
    Full,
    /// There was no whole answer.
    #[error("WeChat is out of reach: {0}")]
    Unreachable(Cause),
    /// Nothing came of connecting to the proxy that leads to it.
    #[error("the way to WeChat through wechat.proxy is cut: {0}")]
    ProxyUnreachable(Cause),
    /// An answer that is none of WeChat's.
    #[error("WeChat's answer is none that it documents: {0}")]
    Odd(OddAnswer),
    /// The call was not made.
    #[error("WeChat is out of reach: {0}")]
    Unavailable(String),
}

impl Error {
    /// WeChat's number, if it gave one.
    #[must_use]
    pub fn errcode(&self) -> Option<i64> {
        match self {
            Self::CodeRefused(refusal) | Self::Misconfigured(refusal) | Self::Busy(refusal) => {
                Some(refusal.errcode)
            }
            Self::Quota {
                period: QuotaPeriod::Minute,
                ..
            } => Some(45011),
            Self::Quota {
                period: QuotaPeriod::Day,
                ..
            } => Some(45009),
            _ => None,
        }
    }

    /// Whether nothing of the request came to WeChat.
    #[must_use]
    pub fn is_before_request(&self) -> bool {
        matches!(self, Self::Unreachable(cause) | Self::ProxyUnreachable(cause) if cause.is_before_request())
    }
}

/// Time that a quota of WeChat's is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaPeriod {
    /// A minute: errcode 45011.
    Minute,
    /// A day: errcode 45009.
    Day,
}

/// An answer that is none of WeChat's, or lacks what it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddAnswer {
    /// Oddity of it, in words of ours.
    pub what: String,
    /// Its own words, cut to 200 characters; empty if it has none.
    pub words: String,
}

impl fmt::Display for OddAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match self.words.as_str() {
            "" => Ok(()),
            words => write!(f, "; it says: {words}"),
        }
    }
}

impl Error {
    /// An odd answer without words of its own.
    pub fn odd(what: impl Into<String>) -> Self {
        Self::odd_saying(what, "")
    }

    /// An odd answer with its own words.
    pub fn odd_saying(what: impl Into<String>, words: &str) -> Self {
        Self::Odd(OddAnswer {
            what: what.into(),
            words: words.to_owned(),
        })
    }
}

/// WeChat's own words. `errmsg` carries the request id (`rid`) that Tencent's support asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("errcode {errcode}, {errmsg}")]
pub struct Refusal {
    /// WeChat's number.
    pub errcode: i64,
    /// WeChat's text, cut to 200 characters.
    pub errmsg: String,
}
