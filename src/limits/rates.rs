//! Rates of one user: refreshed tokens, and phone numbers from WeChat; and of one source: passwords to hash.

use super::error::{Error, Result};
use super::limiter::{LOOKUP_WINDOW_MS, Limits, REFRESHES};
use super::rule::Rule;
use super::source::Source;
use crate::domain::RecordId;

/// Permission to ask WeChat for a phone. It is used up unless it is taken back.
pub struct PhoneLookup<'a> {
    limits: &'a Limits,
    /// Key and time; nothing when limits are off.
    counted: Option<(u64, i64)>,
}

impl Limits {
    /// Admits a refresh of a valid token of `user`: 300 in any 10 seconds.
    pub fn refresh(&self, user: &RecordId) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let key = self.digest(user);
        let now = self.clock.steady_ms();
        let mut refreshes = self.refreshes.lock();
        let recent = refreshes.get(key);
        if let Some(retry_after) = recent.wait(now, REFRESHES) {
            self.refusals.count(Rule::Refreshes);
            return Err(Error::TooMany { retry_after });
        }
        refreshes.set(key, recent.with(now));
        Ok(())
    }

    /// Admits a question to WeChat for the phone of `user`, which costs money: 5 in any hour.
    pub fn phone_lookup(&self, user: &RecordId) -> Result<PhoneLookup<'_>> {
        if !self.enabled {
            return Ok(PhoneLookup {
                limits: self,
                counted: None,
            });
        }
        let key = self.digest(user);
        let now = self.clock.steady_ms();
        let mut lookups = self.lookups.lock();
        let recent = lookups.get(key);
        if let Some(retry_after) = recent.wait(now, LOOKUP_WINDOW_MS) {
            self.refusals.count(Rule::PhoneLookups);
            return Err(Error::TooManyAttempts { retry_after });
        }
        lookups.set(key, recent.with(now));
        Ok(PhoneLookup {
            limits: self,
            counted: Some((key, now)),
        })
    }

    /// Admits a new password of `source` to be hashed.
    pub fn password_hash(&self, source: Source) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let key = self.share(Rule::Hashes, source);
        let now = self.clock.steady_ms();
        let mut guesses = self.guesses.lock();
        if let Some(retry_after) = guesses.shares.get(key).wait(now, self.hashes) {
            self.refusals.count(Rule::Hashes);
            return Err(Error::TooManyAttempts { retry_after });
        }
        guesses.count_share(key, now);
        Ok(())
    }
}

impl PhoneLookup<'_> {
    /// Takes the lookup back: WeChat was not asked, or answered only that its quota is used up.
    pub fn take_back(self) {
        if let Some((key, at)) = self.counted {
            let mut lookups = self.limits.lookups.lock();
            let recent = lookups.get(key).without(at);
            lookups.set(key, recent);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{limits, refused_for};
    use super::*;

    #[test]
    fn three_hundred_refreshes_in_ten_seconds() {
        let limits = limits();
        let (a, b) = (
            RecordId::from_random([0; 30]),
            RecordId::from_random([1; 30]),
        );
        for _ in 0..300 {
            limits.refresh(&a).unwrap();
            limits.clock.advance(Duration::from_millis(10));
        }
        assert_eq!(refused_for(limits.refresh(&a)), Some(8));
        assert!(limits.refresh(&b).is_ok());
        limits.clock.advance(Duration::from_secs(8));
        assert!((0..100).all(|_| limits.refresh(&a).is_ok()));
        assert!(limits.refresh(&a).is_err());
    }

    #[test]
    fn a_lookup_counts_unless_wechat_was_not_asked() {
        let limits = limits();
        let user = RecordId::from_random([0; 30]);
        for _ in 0..10 {
            limits.phone_lookup(&user).unwrap().take_back();
        }
        for _ in 0..5 {
            assert!(limits.phone_lookup(&user).is_ok());
        }
        assert_eq!(refused_for(limits.phone_lookup(&user)), Some(3600));
        limits.clock.advance(Duration::from_hours(1));
        assert!(limits.phone_lookup(&user).is_ok());
    }
}
