//! Log lines for errors of requests: causes that the client must not see.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use poem::Error as PoemError;

use super::rejected::Rejected;
use crate::error::Error;

/// Time from one line about the database to the next: while it is away, each request meets the same.
const PAUSE: Duration = Duration::from_secs(1);

static UNAVAILABLE: Seldom = Seldom(Mutex::new(None));

/// Lines of which one is enough for a while: the time of the newest.
struct Seldom(Mutex<Option<Instant>>);

impl Seldom {
    fn log(&self, line: impl FnOnce()) {
        let mut newest = self.0.lock();
        if newest.is_none_or(|at| at.elapsed() >= PAUSE) {
            *newest = Some(Instant::now());
            drop(newest);
            line();
        }
    }
}

/// Logs what a client must not see: the cause of a 5xx with its chain. A refused code is worth a line, too,
/// for WeChat's request id in it.
pub fn log(error: &PoemError, request_id: &str, path: &str) {
    match error.downcast_ref::<Error>() {
        Some(e @ Error::Internal(_)) => {
            tracing::error!(request_id, path, cause = chain(e), "request failed");
        }
        Some(e @ Error::Unavailable { .. }) => UNAVAILABLE.log(|| {
            tracing::warn!(
                request_id,
                path,
                cause = chain(e),
                "the database does not answer"
            );
        }),
        Some(e @ Error::NoIdentity) => {
            tracing::error!(request_id, path, cause = %e, "request failed");
        }
        Some(Error::CodeRefused(e)) => tracing::info!(request_id, path, cause = %e, "code refused"),
        Some(e) => tracing::debug!(request_id, path, cause = %e, "request refused"),
        None if error.is::<Rejected>() => {
            tracing::debug!(request_id, path, cause = %error, "request refused");
        }
        None if error.status().is_server_error() => {
            tracing::error!(request_id, path, cause = %error, "request failed");
        }
        None => tracing::debug!(request_id, path, cause = %error, "request refused"),
    }
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_equal_lines_one_is_written_for_a_while() {
        let seldom = Seldom(Mutex::new(None));
        let mut lines = 0;
        for _ in 0..3 {
            seldom.log(|| lines += 1);
        }
        assert_eq!(lines, 1);
        *seldom.0.lock() = Instant::now().checked_sub(PAUSE);
        seldom.log(|| lines += 1);
        assert_eq!(lines, 2);
    }
}
