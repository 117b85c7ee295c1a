//! Outcome of a try to deliver a message.

use std::time::Duration;

use crate::outbound::Cause;

/// Outcome of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// The receiver does not want this message.
    Refused(Trouble),
    /// The receiver takes nothing now; it may have said for how long.
    Failed(Trouble, Option<Duration>),
}

/// The reason why a message was not taken, without the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It answered so.
    #[error("HTTP status {status}{}", meaning(*.status))]
    Status {
        /// The status.
        status: u16,
    },
    /// It did not answer.
    #[error("{0}")]
    NoAnswer(Cause),
    /// Its name leads to this machine or its network.
    #[error(
        "its host name leads to a loopback, private or link-local address: name the address itself in the url if that is meant"
    )]
    PrivateAddress,
    /// It has no signature.
    #[error("the message cannot be signed")]
    NotSigned,
    /// There was no thread for the call.
    #[error("no thread can be started for the call")]
    NoThread,
}

impl Outcome {
    /// The outcome as the metrics name it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused(_) => "refused",
            Self::Failed(..) => "failed",
        }
    }

    /// The outcome of an answer with this status; `retry_after` as it says.
    pub fn of_status(status: u16, retry_after: Option<Duration>) -> Self {
        let trouble = Trouble::Status { status };
        match status {
            200..300 => Self::Delivered,
            408 | 429 | 500.. => Self::Failed(trouble, retry_after),
            _ => Self::Refused(trouble),
        }
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        300..=399 => " (a redirection, which is not followed: write the address to which it leads)",
        401 | 403 => " (it does not let us in)",
        404 | 410 => " (nothing is there: look at the path of the url)",
        _ => "",
    }
}
