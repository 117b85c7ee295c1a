//! Wrong passwords of a pair of user and source, and of a user on a day.

use std::time::Duration;

use super::table::Entry;
use super::time::{NEVER, left};
use crate::domain::Failures;

pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Failures of a pair that cost no wait; from the next one on, each brings a longer one …
const FREE_FAILURES: u32 = 5;
/// … as here, the last of them again and again.
const WAITS_MS: [i64; 4] = [1_000, 3_000, 5_000, 10_000];
/// The longest of them.
pub const LONGEST_WAIT: Duration = Duration::from_millis(WAITS_MS[3].unsigned_abs());
/// Wrong passwords for a user in a UTC day.
pub const DAILY: u32 = 100;
/// A source that has logged in is remembered this long after it was last seen.
const FAMILIAR_MS: i64 = 30 * DAY_MS;
/// Time that each failure adds to that for which a pair is kept before others, so that a flood of fresh pairs does not
/// push out those that wait.
const FAILURE_WORTH_MS: i64 = 60 * 60 * 1000;

/// Wrong passwords of a user and a source.
#[derive(Clone, Copy, PartialEq)]
pub struct PairFailures {
    /// Time of the last attempt.
    at: i64,
    /// Failures in a row.
    pub failures: u32,
    /// Whether it has logged in.
    pub familiar: bool,
}

/// Wrong passwords for a user on a UTC day.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct DailyFailures {
    day: u32,
    count: u32,
}

impl PairFailures {
    /// A pair that has just logged in.
    pub fn familiar(now: i64) -> Self {
        Self {
            at: now,
            failures: 0,
            familiar: true,
        }
    }

    /// As many servers count it together, by Unix time.
    pub fn of_stored(stored: Failures) -> Self {
        Self {
            at: stored.at_ms,
            failures: stored.count,
            familiar: stored.is_familiar,
        }
    }

    /// The same to be stored.
    pub fn stored(self) -> Failures {
        Failures {
            count: self.failures,
            at_ms: self.at,
            is_familiar: self.familiar,
        }
    }

    /// The part of it that still counts at `now`.
    pub fn at(self, now: i64) -> Self {
        match now - self.at {
            quiet if quiet < DAY_MS => self,
            quiet if quiet < FAMILIAR_MS && self.familiar => Self {
                failures: 0,
                ..self
            },
            _ => Self::default(),
        }
    }

    /// With one failure more. A familiar source that fails as often as all strangers together may is one of them.
    pub fn failed(self, now: i64) -> Self {
        let failures = self.failures.saturating_add(1);
        Self {
            at: now,
            failures,
            familiar: self.familiar && failures < DAILY,
        }
    }

    /// The time until another attempt is admitted.
    pub fn wait(&self, now: i64) -> Option<Duration> {
        let step = usize::try_from(self.failures.checked_sub(FREE_FAILURES)?).unwrap_or(usize::MAX);
        left(self.at + WAITS_MS[step.min(WAITS_MS.len() - 1)], now)
    }
}

impl Default for PairFailures {
    fn default() -> Self {
        Self {
            at: NEVER,
            failures: 0,
            familiar: false,
        }
    }
}

impl Entry for PairFailures {
    fn worth(&self) -> i64 {
        let keep = if self.familiar {
            FAMILIAR_MS
        } else {
            i64::from(self.failures) * FAILURE_WORTH_MS
        };
        self.at + keep
    }
}

impl DailyFailures {
    /// As many servers count it together.
    pub fn of_stored(stored: Failures) -> Self {
        Self {
            day: day(stored.at_ms),
            count: stored.count,
        }
    }

    /// The same to be stored.
    pub fn stored(self) -> Failures {
        Failures {
            count: self.count,
            at_ms: i64::from(self.day) * DAY_MS,
            is_familiar: false,
        }
    }

    fn on(self, day: u32) -> Self {
        if self.day == day {
            self
        } else {
            Self { day, count: 0 }
        }
    }

    /// With one failure more, at this wall time.
    pub fn failed(self, now: i64) -> Self {
        let today = self.on(day(now));
        Self {
            count: today.count.saturating_add(1),
            ..today
        }
    }

    /// Without a failure at this wall time.
    pub fn without(self, at: i64) -> Self {
        match self.count {
            count if self.day != day(at) || count == 0 => self,
            1 => Self::default(),
            count => Self {
                count: count - 1,
                ..self
            },
        }
    }

    /// The time until the day is over, if it has had its failures.
    pub fn wait(self, now: i64) -> Option<Duration> {
        let is_full = self.on(day(now)).count >= DAILY;
        is_full
            .then(|| left((i64::from(day(now)) + 1) * DAY_MS, now))
            .flatten()
    }
}

impl Entry for DailyFailures {
    fn worth(&self) -> i64 {
        (i64::from(self.day) << 32) + i64::from(self.count)
    }
}

/// The UTC day, counted from 1970.
fn day(at: i64) -> u32 {
    u32::try_from(at / DAY_MS).unwrap_or_default()
}
