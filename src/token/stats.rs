//! Counters of tokens.

use super::error::Error;
use crate::metrics::{self, Counter, Counters, Metrics};

/// Reason why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCause {
    /// [`Error::Malformed`]
    Malformed,
    /// [`Error::UnknownKey`]
    UnknownKey,
    /// [`Error::Forged`]; of PocketBase's tokens also one that was revoked, which cannot be told apart.
    Forged,
    /// [`Error::Expired`]
    Expired,
    /// [`Error::FromTheFuture`]
    FromTheFuture,
    /// [`Error::OtherPurpose`]
    OtherPurpose,
    /// [`Error::Void`]
    RevocationWindow,
    /// The token key of its record is another one now.
    Revoked,
    /// It is PocketBase's, and those are not accepted.
    NotAccepted,
}

/// In the order of [`RefusalCause`].
const CAUSES: [&str; 9] = [
    "malformed",
    "unknown_key",
    "forged",
    "expired",
    "from_the_future",
    "other_purpose",
    "void",
    "revoked",
    "not_accepted",
];

pub struct Stats {
    issued: Counter,
    failed: Counter,
    refused: Counters,
    by_cause: [Counter; CAUSES.len()],
}

impl Stats {
    pub fn new() -> Self {
        let refused = metrics::counters(
            "bai_tokens_refused_total",
            "Tokens that were refused, by cause.",
            &["cause"],
        );
        Self {
            issued: metrics::counter("bai_tokens_issued_total", "Tokens that were issued."),
            failed: metrics::counter(
                "bai_tokens_issue_failures_total",
                "Tokens that could not be issued.",
            ),
            by_cause: CAUSES.map(|cause| refused.with_label_values(&[cause])),
            refused,
        }
    }

    pub fn register_metrics(&self, metrics: &Metrics) {
        metrics.register(&self.issued);
        metrics.register(&self.failed);
        metrics.register(&self.refused);
    }

    pub fn issued(&self, is_issued: bool) {
        if is_issued {
            self.issued.inc();
        } else {
            self.failed.inc();
        }
    }

    pub fn refused(&self, cause: RefusalCause) {
        self.by_cause[cause as usize].inc();
    }
}

impl From<Error> for RefusalCause {
    fn from(error: Error) -> Self {
        match error {
            Error::Malformed => Self::Malformed,
            Error::UnknownKey => Self::UnknownKey,
            Error::Forged => Self::Forged,
            Error::Expired => Self::Expired,
            Error::FromTheFuture => Self::FromTheFuture,
            Error::OtherPurpose => Self::OtherPurpose,
            Error::RevocationWindow => Self::RevocationWindow,
        }
    }
}
