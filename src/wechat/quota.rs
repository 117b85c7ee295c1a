//! A circuit breaker for WeChat's minute quota.
//!
//! The quota is documented per user but has been seen to act on the whole app. One refusal therefore says nothing
//! about others; several in a row, with no success between them, do: then only one call in a few seconds is let
//! through until one succeeds or a minute is over.

use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::error::{Error, QuotaPeriod};
use crate::clock::Clock;

/// Time that a client is told to wait after errcode 45011, the minute quota.
pub const MINUTE_RETRY: Duration = Duration::from_mins(1);
/// Time that a client is told to wait after errcode 45009, the daily quota; the operator can reset it at any time.
pub const DAILY_RETRY: Duration = Duration::from_hours(1);

const STRIKES_TO_OPEN: u32 = 3;
const OPEN_MS: i64 = 60_000;
const TRIAL_EVERY_MS: i64 = 5_000;

pub struct Quota {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    strikes: u32,
    /// The quota that the last refusal was of.
    period: Option<QuotaPeriod>,
    /// The time at which it opened, for people to read.
    opened: Timestamp,
    /// Steady time, as the next one.
    open_until_ms: i64,
    next_trial_ms: i64,
}

impl Quota {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    /// Whether a call may go out now.
    pub fn check(&self) -> Result<(), Error> {
        let now = self.clock.steady_ms();
        let mut state = self.state.lock();
        if now >= state.open_until_ms {
            return Ok(());
        }
        if now < state.next_trial_ms {
            let left = u64::try_from(state.open_until_ms - now).unwrap_or_default();
            return Err(Error::Quota {
                period: state.period.unwrap_or(QuotaPeriod::Minute),
                retry_after: Duration::from_millis(left),
            });
        }
        state.next_trial_ms = now + TRIAL_EVERY_MS;
        Ok(())
    }

    /// Since when calls are held back for the minute quota, if they are.
    pub fn minute_quota_since(&self) -> Option<Timestamp> {
        let state = self.state.lock();
        let is_open = self.clock.steady_ms() < state.open_until_ms;
        let is_minute = state.period == Some(QuotaPeriod::Minute);
        (is_open && is_minute).then_some(state.opened)
    }

    /// Learns from what came of a call.
    pub fn record<T>(&self, result: &Result<T, Error>) {
        let mut state = self.state.lock();
        match result {
            Err(Error::Quota { period, .. }) => {
                state.strikes += 1;
                state.period = Some(*period);
                if state.strikes >= STRIKES_TO_OPEN {
                    let now = self.clock.steady_ms();
                    if now >= state.open_until_ms {
                        state.opened = self.clock.now();
                    }
                    state.open_until_ms = now + OPEN_MS;
                    state.next_trial_ms = now + TRIAL_EVERY_MS;
                }
            }
            // A refused code was at least looked at: the quota let it pass.
            Ok(_) | Err(Error::CodeRefused(_)) => *state = State::default(),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn refused() -> Result<(), Error> {
        Err(Error::Quota {
            period: QuotaPeriod::Minute,
            retry_after: MINUTE_RETRY,
        })
    }

    #[test]
    fn it_opens_after_refusals_in_a_row_and_closes_at_a_success() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let quota = Quota::new(clock.clone());
        for result in [refused(), refused(), Ok(()), refused(), refused()] {
            assert!(quota.check().is_ok());
            quota.record(&result);
        }
        assert!(quota.check().is_ok());
        quota.record(&refused());
        assert!(
            matches!(quota.check(), Err(Error::Quota { retry_after, .. }) if retry_after == MINUTE_RETRY)
        );
        clock.advance(Duration::from_secs(5));
        assert!(quota.check().is_ok());
        assert!(quota.check().is_err());
        quota.record(&Ok(()));
        assert!(quota.check().is_ok());
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_while_keeps_it_open_no_longer() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let quota = Quota::new(clock.clone());
        clock.set(Timestamp::from_second(8 * 3600).unwrap());
        (0..3).for_each(|_| quota.record(&refused()));
        clock.set(Timestamp::UNIX_EPOCH);
        assert!(
            matches!(quota.check(), Err(Error::Quota { retry_after, .. }) if retry_after == MINUTE_RETRY)
        );
        clock.advance(Duration::from_mins(1));
        assert!(
            quota.check().is_ok() && quota.check().is_ok() && quota.minute_quota_since().is_none()
        );
    }

    #[test]
    fn it_closes_by_itself_after_a_minute() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let quota = Quota::new(clock.clone());
        (0..3).for_each(|_| quota.record(&refused()));
        assert!(quota.check().is_err());
        clock.advance(Duration::from_mins(1));
        assert!(quota.check().is_ok());
    }
}
