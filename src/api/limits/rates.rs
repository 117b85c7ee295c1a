//! What one user may ask for so often: refreshed tokens.

use super::{Limits, lock};
use crate::domain::UserId;
use crate::error::{Error, Result};

/// A valid token may be refreshed this often …
pub const REFRESHES: usize = 20;
/// … within this time.
const REFRESH_WINDOW_MS: i64 = 10_000;
/// Users remembered.
pub const CAPACITY: usize = 1 << 15;

impl Limits {
    /// Admits a refresh of a valid token of `user`: 20 in any 10 seconds.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn refresh(&self, user: &UserId) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let (key, now) = (self.digest(user), self.clock.now_ms());
        let mut refreshes = lock(&self.refreshes);
        let recent = refreshes.get(key);
        if let Some(retry_after) = recent.wait(now, REFRESH_WINDOW_MS) {
            return Err(Error::TooMany { retry_after });
        }
        refreshes.set(key, recent.with(now));
        Ok(())
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
}
