//! Failures of an account that many servers count together: the rules, on what a store keeps. All times are Unix time, the one clock
//! that servers have in common.

use super::attempts::AttemptOutcome;
use super::error::{Error, Result};
use super::failures::{DailyFailures, LONGEST_WAIT, PairFailures};
use super::limiter::Limits;
use super::rule::{Rule, by};
use crate::domain::Failures;

/// Failures of an account: with the source that asks, and on that day.
#[derive(Clone, Copy, PartialEq)]
pub struct AccountFailures {
    pair: PairFailures,
    day: DailyFailures,
}

impl AccountFailures {
    /// Those that are stored: of the pair, and of the day. Of a pair that has none, this server may know that it has logged in
    /// before.
    #[must_use]
    pub fn of_stored([pair, day]: [Failures; 2], is_familiar: bool, now_ms: i64) -> Self {
        Self {
            pair: match pair == Failures::default() {
                true if is_familiar => PairFailures::familiar(now_ms),
                true => PairFailures::default(),
                false => PairFailures::of_stored(pair),
            },
            day: DailyFailures::of_stored(day),
        }
    }

    /// The same to be stored.
    #[must_use]
    pub fn stored(self) -> [Failures; 2] {
        let pair = match self.pair == PairFailures::default() {
            true => Failures::default(),
            false => self.pair.stored(),
        };
        [pair, self.day.stored()]
    }

    /// With an attempt that counts as a failure from now on.
    #[must_use]
    pub fn begun(self, now_ms: i64) -> Self {
        Self {
            pair: self.pair.at(now_ms).failed(now_ms),
            day: self.day.failed(now_ms),
        }
    }

    /// With the outcome of an attempt that began at `begun_ms`, with `before` counted then.
    #[must_use]
    pub fn ended(self, before: Self, begun_ms: i64, now_ms: i64, outcome: AttemptOutcome) -> Self {
        let pair = match outcome {
            AttemptOutcome::Wrong => return self,
            AttemptOutcome::Right => PairFailures::familiar(now_ms),
            AttemptOutcome::Undecided | AttemptOutcome::NotVerified => before.pair,
        };
        Self {
            pair,
            day: self.day.without(begun_ms),
        }
    }
}

impl Limits {
    /// Whether limits hold at all.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Admits an attempt at an account with these failures, unless it has to wait.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`].
    pub fn admit(&self, failures: &AccountFailures, now_ms: i64) -> Result<()> {
        let pair = failures.pair.at(now_ms);
        // A clock that was far ahead makes nobody wait for it.
        let wait = pair.wait(now_ms).filter(|wait| *wait <= LONGEST_WAIT);
        let wrong = by(Rule::WrongPasswords, wait);
        let daily = by(Rule::DailyWrongPasswords, failures.day.wait(now_ms));
        let wait = wrong.max(daily.filter(|_| !pair.familiar));
        match wait {
            Some((retry_after, rule)) => {
                self.refusals.count(rule);
                Err(Error::TooManyAttempts { retry_after })
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::failures::DAILY;
    use super::super::tests::limits;
    use super::*;

    const NOW: i64 = 1_795_327_836_858;

    fn none() -> AccountFailures {
        AccountFailures::of_stored([Failures::default(); 2], false, NOW)
    }

    #[test]
    fn what_is_stored_is_read_as_it_was() {
        let failures = none().begun(NOW).begun(NOW + 1);
        assert!(AccountFailures::of_stored(failures.stored(), true, NOW) == failures);
        assert!(none().stored() == [Failures::default(); 2]);
    }

    #[test]
    fn a_hundred_failures_a_day_are_all_and_a_right_password_is_none() {
        let limits = limits();
        let mut failures = none();
        for n in 0..i64::from(DAILY) {
            let before = failures;
            // The waits of the pair are over.
            let now = NOW + n * 10_000;
            limits.admit(&failures, now).unwrap();
            let right = before
                .begun(now)
                .ended(before, now, now, AttemptOutcome::Right);
            assert!(right.day.stored().count == u32::try_from(n).unwrap());
            failures = before.begun(now);
        }
        let later = NOW + i64::from(DAILY) * 10_000;
        assert!(limits.admit(&failures, later).is_err());
        let of_day = [Failures::default(), failures.stored()[1]];
        let familiar = AccountFailures::of_stored(of_day, true, later);
        assert!(limits.admit(&familiar, later).is_ok());
    }

    #[test]
    fn failures_in_a_row_bring_waits() {
        let limits = limits();
        let failures = (0..5).fold(none(), |failures, _| failures.begun(NOW));
        assert!(limits.admit(&failures, NOW).is_err());
        assert!(limits.admit(&failures, NOW + 1_000).is_ok());
        // The clock was an hour ahead.
        assert!(limits.admit(&failures, NOW - 3_600_000).is_ok());
        let right = failures.ended(none(), NOW, NOW, AttemptOutcome::Right);
        assert!(limits.admit(&right, NOW).is_ok());
    }
}
