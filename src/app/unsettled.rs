//! Registrations whose outcome was not known when they were answered: whoever sends one again finds out.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};

use parking_lot::Mutex;

use crate::domain::RecordId;

/// Registrations that are remembered …
const MOST: usize = 4_096;
/// … and for how long.
const KEPT_MS: i64 = 10 * 60 * 1000;
/// Attempts of one registration that are remembered, each with a user of its own: the first may be the one that is stored, however
/// often it was sent again meanwhile.
const ATTEMPTS: usize = 64;

/// Registrations whose outcome was not known, by keyed hashes of what was asked for.
#[derive(Default)]
pub struct Unsettled {
    hasher: RandomState,
    users: Mutex<HashMap<u64, Attempts>>,
}

/// Users one of whom may have been made, and the time of the newest.
#[derive(Default)]
struct Attempts {
    users: Vec<RecordId>,
    at_ms: i64,
}

impl Unsettled {
    /// Remembers that the user may have been made for that request.
    pub fn remember(&self, request: impl Hash, user: RecordId, now_ms: i64) {
        let mut users = self.users.lock();
        users.retain(|_, attempts| now_ms - attempts.at_ms < KEPT_MS);
        let key = self.hasher.hash_one(request);
        if users.len() >= MOST && !users.contains_key(&key) {
            return;
        }
        let attempts = users.entry(key).or_default();
        attempts.at_ms = now_ms;
        if attempts.users.len() < ATTEMPTS {
            attempts.users.push(user);
        }
    }

    /// Whether the user was made for that request, whose sender was not told so. It is told once.
    pub fn settle(&self, request: impl Hash, user: &RecordId) -> bool {
        let key = self.hasher.hash_one(request);
        let mut users = self.users.lock();
        let attempts = users.get(&key);
        let is_it = attempts.is_some_and(|attempts| attempts.users.contains(user));
        if is_it {
            users.remove(&key);
        }
        is_it
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whoever_asked_for_the_user_is_told_and_once() {
        let (unsettled, id) = (Unsettled::default(), |n: u8| RecordId::from_random([n; 30]));
        unsettled.remember(("13800138000", "a password"), id(1), 0);
        assert!(!unsettled.settle(("13800138000", "another password"), &id(1)));
        assert!(!unsettled.settle(("13800138000", "a password"), &id(2)));
        assert!(unsettled.settle(("13800138000", "a password"), &id(1)));
        assert!(!unsettled.settle(("13800138000", "a password"), &id(1)));
        for attempt in 1..4 {
            unsettled.remember("thrice", id(attempt), 0);
        }
        assert!(unsettled.settle("thrice", &id(1)));
        unsettled.remember("old", id(1), 0);
        unsettled.remember("new", id(2), KEPT_MS);
        assert!(!unsettled.settle("old", &id(1)));
    }
}
