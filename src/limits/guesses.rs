//! Tables of what is counted of guesses: of passwords, and of phones that somebody should not know.

use std::collections::HashMap;
use std::time::Duration;

use super::buckets::Minutes;
use super::failures::{DailyFailures, PairFailures};
use super::recent::Recent;
use super::table::Table;

/// A wait for what is under way.
const SOON: Duration = Duration::from_secs(1);
/// Unknown phones of a source …
pub const UNKNOWN: usize = 20;
/// … within this time.
const UNKNOWN_WINDOW_MS: i64 = 10 * 60 * 1000;
/// A user may ask for another phone this often …
pub const CHANGES: usize = 5;
/// … within this time.
pub const CHANGE_WINDOW_MS: i64 = 60 * 60 * 1000;
/// Pairs of user and source remembered.
const PAIRS: usize = 1 << 19;
/// Users remembered.
pub const USERS: usize = 1 << 18;
/// Sources remembered, for the unknown phones that they named.
const SOURCES: usize = 1 << 15;
/// Sources remembered for what they had so many of in ten minutes, each kind by itself.
const SHARES: usize = 1 << 16;
/// Users remembered who changed their phones.
const CHANGERS: usize = 1 << 15;

/// Everything known about guesses, by keyed hashes.
pub struct Guesses {
    /// By user and source.
    pub pairs: Table<PairFailures>,
    /// By user.
    pub days: Table<DailyFailures>,
    /// By source.
    pub unknown: Table<Recent<UNKNOWN>>,
    /// By source and rule.
    pub shares: Table<Minutes>,
    /// By user.
    pub changes: Table<Recent<CHANGES>>,
    /// Phones that are being asked for, by source: most of them turn out to be free.
    pub asking: HashMap<u64, u32>,
}

impl Guesses {
    pub fn new() -> Self {
        Self {
            pairs: Table::new(PAIRS),
            days: Table::new(USERS),
            unknown: Table::new(SOURCES),
            shares: Table::new(SHARES),
            changes: Table::new(CHANGERS),
            asking: HashMap::new(),
        }
    }

    /// The bytes of full tables.
    pub const fn bytes() -> usize {
        Table::<PairFailures>::bytes(PAIRS)
            + Table::<DailyFailures>::bytes(USERS)
            + Table::<Recent<UNKNOWN>>::bytes(SOURCES)
            + Table::<Minutes>::bytes(SHARES)
            + Table::<Recent<CHANGES>>::bytes(CHANGERS)
    }

    /// The wait of a source that named too many phones; a short one while some of these may turn out to be free.
    pub fn unknown_wait(&self, source: u64, now: i64) -> Option<Duration> {
        let wait = self.unknown.get(source).wait(now, UNKNOWN_WINDOW_MS)?;
        Some(if self.asking.contains_key(&source) {
            wait.min(SOON)
        } else {
            wait
        })
    }

    pub fn count_unknown(&mut self, source: u64, now: i64) {
        self.unknown.set(source, self.unknown.get(source).with(now));
    }

    pub fn count_share(&mut self, key: u64, now: i64) {
        self.shares.set(key, self.shares.get(key).with(now));
    }

    pub fn forget_share(&mut self, key: u64, at: i64) {
        self.shares.set(key, self.shares.get(key).without(at));
    }
}
