//! Repetitions: the same request again while the first is in flight or shortly after its success.

use std::hash::Hash;
use std::time::Duration;

use super::error::{Error, Result};
use super::limiter::Limits;
use super::repeat::Repeat;
use super::rule::Rule;
use super::time::left;

/// A request in flight. Its success starts the time in which a repetition is refused; after a failure, or when its client went
/// away, the same request is a new try.
pub struct InFlight<'a> {
    limits: &'a Limits,
    /// Nothing when limits are off.
    key: Option<u64>,
    has_succeeded: bool,
}

impl Limits {
    /// Admits a request of `route` that `content` tells from others (a code; a source, a phone and a password), unless the same
    /// one is in flight or succeeded less than `limits.duplicate_window` ago.
    pub fn once(&self, route: &str, content: impl Hash) -> Result<InFlight<'_>> {
        if !self.enabled {
            return Ok(self.in_flight(None));
        }
        let key = self.digest((route, content));
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
        Ok(self.in_flight(Some(key)))
    }

    fn in_flight(&self, key: Option<u64>) -> InFlight<'_> {
        InFlight {
            limits: self,
            key,
            has_succeeded: false,
        }
    }

    fn repetition(&self, repeat: Repeat, now: i64) -> Option<Duration> {
        let since = if repeat.running { now } else { repeat.at };
        left(since + self.window_ms, now)
    }
}

impl InFlight<'_> {
    /// The outcome of `work`, which is the request.
    pub async fn run<T, E>(mut self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let outcome = work.await;
        self.has_succeeded = outcome.is_ok();
        outcome
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let finished = if self.has_succeeded {
            Repeat {
                running: false,
                at: self.limits.clock.steady_ms(),
            }
        } else {
            Repeat::default()
        };
        self.limits.repeats.lock().set(key, finished);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{limits, refused_for};
    use super::*;

    /// Ends a request with this outcome.
    async fn end(request: InFlight<'_>, outcome: Result<(), ()>) {
        let _ = request.run(async { outcome }).await;
    }

    #[tokio::test]
    async fn a_repetition_is_refused_in_flight_and_for_three_seconds_after_a_success() {
        let limits = limits();
        let first = limits.once("login", "13800138000").unwrap();
        limits.clock.advance(Duration::from_mins(1));
        assert_eq!(refused_for(limits.once("login", "13800138000")), Some(3));
        assert!(limits.once("login", "13800138001").is_ok());
        assert!(limits.once("register", "13800138000").is_ok());
        end(first, Ok(())).await;
        limits.clock.advance(Duration::from_secs(1));
        assert_eq!(refused_for(limits.once("login", "13800138000")), Some(2));
        limits.clock.advance(Duration::from_secs(2));
        assert!(limits.once("login", "13800138000").is_ok());
    }

    #[tokio::test]
    async fn after_a_failure_or_a_client_that_went_away_it_is_a_new_try() {
        let limits = limits();
        end(limits.once("login", "a code").unwrap(), Err(())).await;
        drop(limits.once("login", "a code").unwrap());
        end(limits.once("login", "a code").unwrap(), Ok(())).await;
        assert_eq!(refused_for(limits.once("login", "a code")), Some(3));
    }
}
