//! Repetitions: the same request again while the first is in flight or shortly after, and hasty refreshes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::config;
use crate::domain::UserId;
use crate::error::{Error, Result};

/// A valid token may be refreshed this often …
const REFRESHES: usize = 20;
/// … within this time.
const REFRESH_WINDOW_MS: i64 = 10_000;
/// Entries kept of each kind; beyond that the oldest are forgotten first.
const MAX_ENTRIES: usize = 100_000;

/// Remembers recent requests, by keyed hashes of what identifies them.
pub struct Limits {
    hasher: RandomState,
    enabled: bool,
    window_ms: i64,
    clock: Clock,
    requests: Mutex<Requests>,
    refreshes: Mutex<HashMap<u64, VecDeque<i64>>>,
}

#[derive(Default)]
struct Requests {
    running: HashSet<u64>,
    finished: HashMap<u64, i64>,
    /// The finished ones by time, oldest first.
    order: VecDeque<(i64, u64)>,
}

/// A request in flight; dropping it starts the time in which a repetition is refused.
pub struct InFlight<'a> {
    limits: &'a Limits,
    key: Option<u64>,
}

impl Limits {
    /// Limits as configured.
    #[must_use]
    pub fn new(settings: &config::Limits, clock: Clock) -> Self {
        Self {
            hasher: RandomState::new(),
            enabled: settings.enabled,
            window_ms: millis(settings.duplicate_window),
            clock,
            requests: Mutex::default(),
            refreshes: Mutex::default(),
        }
    }

    /// Admits a request of `route` by `who` (a code, a phone or a user), unless the same one is in flight or
    /// finished less than `limits.duplicate_window` ago.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn once(&self, route: &str, who: impl Hash) -> Result<InFlight<'_>> {
        if !self.enabled {
            return Ok(InFlight { limits: self, key: None });
        }
        let key = self.digest(&(route, who));
        let now = self.clock.now_ms();
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.forget_before(now - self.window_ms);
        if requests.running.contains(&key) {
            return Err(Error::TooMany { retry_after: Duration::from_millis(self.window_ms.unsigned_abs()) });
        }
        if let Some(at) = requests.finished.get(&key) {
            let left = at + self.window_ms - now;
            return Err(Error::TooMany { retry_after: Duration::from_millis(left.unsigned_abs()) });
        }
        requests.running.insert(key);
        Ok(InFlight { limits: self, key: Some(key) })
    }

    /// Admits a refresh of a valid token of `user`: 20 in any 10 seconds.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn refresh(&self, user: &UserId) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let now = self.clock.now_ms();
        let mut refreshes = self.refreshes.lock().unwrap_or_else(PoisonError::into_inner);
        if refreshes.len() >= MAX_ENTRIES {
            refreshes.retain(|_, times| times.back().is_some_and(|at| now - at < REFRESH_WINDOW_MS));
        }
        if refreshes.len() >= MAX_ENTRIES {
            refreshes.clear();
        }
        let times = refreshes.entry(self.digest(user)).or_default();
        while times.front().is_some_and(|at| now - at >= REFRESH_WINDOW_MS) {
            times.pop_front();
        }
        if let Some(oldest) = times.front()
            && times.len() >= REFRESHES
        {
            let left = oldest + REFRESH_WINDOW_MS - now;
            return Err(Error::TooMany { retry_after: Duration::from_millis(left.unsigned_abs()) });
        }
        times.push_back(now);
        Ok(())
    }

    fn digest(&self, value: &impl Hash) -> u64 {
        self.hasher.hash_one(value)
    }
}

impl Requests {
    fn forget_before(&mut self, time: i64) {
        while let Some((at, key)) = self.order.front().copied()
            && (at <= time || self.order.len() > MAX_ENTRIES)
        {
            self.order.pop_front();
            if self.finished.get(&key) == Some(&at) {
                self.finished.remove(&key);
            }
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let Some(key) = self.key else { return };
        let now = self.limits.clock.now_ms();
        let mut requests = self.limits.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.running.remove(&key);
        requests.finished.insert(key, now);
        requests.order.push_back((now, key));
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn limits(enabled: bool) -> Limits {
        let settings = config::Limits { enabled, ..config::Limits::default() };
        Limits::new(&settings, Clock::manual(Timestamp::UNIX_EPOCH))
    }

    fn refused_for<T>(result: Result<T>) -> Option<u64> {
        match result.err() {
            Some(Error::TooMany { retry_after }) => Some(retry_after.as_secs()),
            _ => None,
        }
    }

    #[test]
    fn a_repetition_is_refused_in_flight_and_for_three_seconds_after() {
        let limits = limits(true);
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

    #[test]
    fn twenty_refreshes_in_ten_seconds() {
        let limits = limits(true);
        let (a, b) = (UserId::from_random([0; 30]), UserId::from_random([1; 30]));
        for _ in 0..20 {
            limits.refresh(&a).unwrap();
            limits.clock.advance(Duration::from_millis(100));
        }
        assert_eq!(refused_for(limits.refresh(&a)), Some(8));
        assert!(limits.refresh(&b).is_ok());
        limits.clock.advance(Duration::from_secs(8));
        assert!(limits.refresh(&a).is_ok());
        assert!(limits.refresh(&a).is_err());
    }

    #[test]
    fn nothing_is_refused_when_switched_off() {
        let limits = limits(false);
        let _first = limits.once("login", "x").unwrap();
        assert!(limits.once("login", "x").is_ok());
        assert!((0..100).all(|_| limits.refresh(&UserId::from_random([0; 30])).is_ok()));
    }

    #[test]
    fn memory_is_bounded() {
        let limits = limits(true);
        for n in 0..MAX_ENTRIES + 1_000 {
            drop(limits.once("login", n.to_string()).unwrap());
        }
        let requests = limits.requests.lock().unwrap();
        assert!(requests.finished.len() <= MAX_ENTRIES + 1);
    }
}
