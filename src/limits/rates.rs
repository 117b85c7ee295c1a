//! What one user may ask for so often: refreshed tokens, and phone numbers from WeChat.

use super::rule::Rule;
use super::{Limits, lock};
use crate::domain::RecordId;
use crate::error::{Error, Result};

/// A valid token may be refreshed this often …
pub const REFRESHES: usize = 20;
/// … within this time.
const REFRESH_WINDOW_MS: i64 = 10_000;
/// WeChat may be asked for a user's phone this often …
pub const LOOKUPS: usize = 5;
/// … within this time.
const LOOKUP_WINDOW_MS: i64 = 60 * 60 * 1000;
/// Users remembered, of each of the two.
pub const CAPACITY: usize = 1 << 15;

/// Permission to ask WeChat for a phone. It is used up unless [`PhoneLookup::settle`] finds that nobody was asked.
pub struct PhoneLookup<'a> {
    limits: &'a Limits,
    /// Key and time; nothing when limits are off.
    counted: Option<(u64, i64)>,
}

impl Limits {
    /// Admits a refresh of a valid token of `user`: 20 in any 10 seconds.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn refresh(&self, user: &RecordId) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let (key, now) = (self.digest(user), self.clock.steady_ms());
        let mut refreshes = lock(&self.refreshes);
        let recent = refreshes.get(key);
        if let Some(retry_after) = recent.wait(now, REFRESH_WINDOW_MS) {
            self.refusals.count(Rule::Refreshes);
            return Err(Error::TooMany { retry_after });
        }
        refreshes.set(key, recent.with(now));
        Ok(())
    }

    /// Admits a question to WeChat for the phone of `user`, which costs money: 5 in any hour.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`].
    pub fn phone_lookup(&self, user: &RecordId) -> Result<PhoneLookup<'_>> {
        if !self.enabled {
            return Ok(PhoneLookup {
                limits: self,
                counted: None,
            });
        }
        let (key, now) = (self.digest(user), self.clock.steady_ms());
        let mut lookups = lock(&self.lookups);
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
}

impl PhoneLookup<'_> {
    /// Takes the lookup back when WeChat was not asked, or answered only that its quota is used up. What may have
    /// been asked counts, because it may have been charged.
    pub fn settle<T>(self, result: Result<T>) -> Result<T> {
        let not_asked = matches!(result, Err(Error::NotWechatUser | Error::TooMany { .. }));
        if let Some((key, at)) = self.counted.filter(|_| not_asked) {
            let mut lookups = lock(&self.limits.lookups);
            let recent = lookups.get(key).without(at);
            lookups.set(key, recent);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::{limits, refused_for};
    use super::*;

    #[test]
    fn twenty_refreshes_in_ten_seconds() {
        let limits = limits();
        let (a, b) = (
            RecordId::from_random([0; 30]),
            RecordId::from_random([1; 30]),
        );
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
    fn a_lookup_counts_unless_wechat_was_not_asked() {
        let limits = limits();
        let user = RecordId::from_random([0; 30]);
        for _ in 0..10 {
            let lookup = limits.phone_lookup(&user).unwrap();
            assert!(lookup.settle::<()>(Err(Error::NotWechatUser)).is_err());
        }
        for result in [
            Ok(()),
            Err(Error::PhoneOfAnother),
            Err(Error::internal("no answer")),
        ] {
            let _ = limits.phone_lookup(&user).unwrap().settle(result);
        }
        for _ in 0..2 {
            assert!(limits.phone_lookup(&user).is_ok());
        }
        assert_eq!(refused_for(limits.phone_lookup(&user)), Some(3600));
        limits.clock.advance(Duration::from_hours(1));
        assert!(limits.phone_lookup(&user).is_ok());
    }
}
