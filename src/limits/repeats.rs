//! Repetitions: the same request again while the first is in flight or shortly after.

use std::hash::Hash;
use std::time::Duration;

use super::error::{Error, Result};
use super::limiter::Limits;
use super::repeat::Repeat;
use super::rule::Rule;
use super::time::left;

/// A request in flight; dropping it starts the time in which a repetition is refused.
pub struct InFlight<'a> {
    limits: &'a Limits,
    /// Nothing when limits are off.
    key: Option<u64>,
}

impl Limits {
    /// Admits a request of `route` by `asker` (a code, a phone or a user), unless the same one is in flight or
    /// finished less than `limits.duplicate_window` ago.
    pub fn once(&self, route: &str, asker: impl Hash) -> Result<InFlight<'_>> {
        if !self.enabled {
            return Ok(InFlight {
                limits: self,
                key: None,
            });
        }
        let key = self.digest((route, asker));
        let now = self.clock.steady_ms();
        let mut repeats = self.repeats.lock();
        if let Some(retry_after) = self.repetition(repeats.get(key), now) {
            self.refusals.count(Rule::Repetition);
            return Err(Error::TooMany { retry_after });
        }
        repeats.set(
            key,
            Repeat {
                running: true,
                at: now,
            },
        );
        Ok(InFlight {
            limits: self,
            key: Some(key),
        })
    }

    /// The time until [`Limits::once`] admits the request.
    pub(super) fn once_in(&self, route: &str, asker: impl Hash) -> Option<Duration> {
        let repeat = self.repeats.lock().get(self.digest((route, asker)));
        self.repetition(repeat, self.clock.steady_ms())
    }

    fn repetition(&self, repeat: Repeat, now: i64) -> Option<Duration> {
        let since = if repeat.running { now } else { repeat.at };
        left(since + self.window_ms, now)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let finished = Repeat {
            running: false,
            at: self.limits.clock.steady_ms(),
        };
        self.limits.repeats.lock().set(key, finished);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{limits, refused_for};
    use super::*;

    #[test]
    fn a_repetition_is_refused_in_flight_and_for_three_seconds_after() {
        let limits = limits();
        let first = limits.once("login", "13800138000").unwrap();
        limits.clock.advance(Duration::from_mins(1));
        assert_eq!(refused_for(limits.once("login", "13800138000")), Some(3));
        assert!(limits.once("login", "13800138001").is_ok());
        assert!(limits.once("register", "13800138000").is_ok());
        drop(first);
        limits.clock.advance(Duration::from_secs(1));
        assert_eq!(refused_for(limits.once("login", "13800138000")), Some(2));
        limits.clock.advance(Duration::from_secs(2));
        assert!(limits.once("login", "13800138000").is_ok());
    }
}
