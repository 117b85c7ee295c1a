//! Counts of logins by hour and outcome, for the last week.
//!
//! Whatever happens while the server runs is counted here as it comes, however many there are. Hours before that are counted from the
//! events that are in the store, once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::domain::{AuditEvent, Cause, EventKind};

const HOUR_MS: i64 = 3_600_000;
/// Hours that are kept.
pub const HOURS: i64 = 7 * 24;

/// Outcomes of the logins of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginOutcomes {
    /// Logins and registrations.
    pub succeeded: u64,
    /// Failures, in the order of [`Cause::ALL`].
    pub failed: [u64; Cause::ALL.len()],
}

/// Logins by the number of the hour since 1970.
pub type LoginHours = BTreeMap<i64, LoginOutcomes>;

/// Counts of logins since the server started.
#[derive(Default)]
pub struct LoginCounts(Mutex<LoginHours>);

impl LoginCounts {
    /// Counts the event, if it is one of a login.
    pub fn count(&self, event: &AuditEvent) {
        let mut hours = self.0.lock();
        count_in(&mut hours, event);
        let oldest = hour_of(event.at) - HOURS;
        if hours
            .first_key_value()
            .is_some_and(|(hour, _)| *hour <= oldest)
        {
            *hours = hours.split_off(&(oldest + 1));
        }
    }

    /// Logins since the server started.
    pub fn hours(&self) -> LoginHours {
        self.0.lock().clone()
    }
}

/// The number of the hour of a time.
#[must_use]
pub fn hour_of(at: Timestamp) -> i64 {
    at.as_millisecond().div_euclid(HOUR_MS)
}

/// Begin of the hour with that number.
#[must_use]
pub fn begin_of(hour: i64) -> Timestamp {
    Timestamp::from_millisecond(hour.saturating_mul(HOUR_MS)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Counts the event in `hours`, if it is one of a user's login.
pub fn count_in(hours: &mut LoginHours, event: &AuditEvent) {
    let hour = hour_of(event.at);
    let count = u64::from(event.count);
    match (event.kind, event.cause) {
        (EventKind::Login | EventKind::Registration, _) => {
            hours.entry(hour).or_default().succeeded += count;
        }
        (EventKind::LoginFailed, Some(cause)) => {
            hours.entry(hour).or_default().failed[cause as usize] += count;
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Actor;

    #[test]
    fn a_week_is_kept() {
        let counts = LoginCounts::default();
        for hour in 0..500 {
            let event = AuditEvent::new(begin_of(hour), EventKind::Login, Actor::Nobody);
            counts.count(&event);
        }
        let hours: Vec<_> = counts.hours().into_keys().collect();
        assert_eq!(hours, (500 - HOURS..500).collect::<Vec<_>>());
    }
}
