//! Limits as configured, and all that is remembered for them.

use std::hash::{BuildHasher as _, Hash, RandomState};

use parking_lot::Mutex;

use super::buckets::{DayTenths, Seconds};
use super::guesses::Guesses;
use super::pair_locks::PairLocks;
use super::recent::Recent;
use super::repeat::Repeat;
use super::rule::{Refusals, Rule};
use super::source::Source;
use super::table::Table;
use super::time::Now;
use crate::clock::Clock;
use crate::config;
use crate::metrics::Metrics;

/// Requests remembered, to know a repetition.
const REPEATS: usize = 1 << 17;
/// Users remembered who refresh tokens, as many who ask WeChat for a phone, and as many who upload pictures.
const USERS: usize = 1 << 15;
/// Refreshes of a valid token in any ten seconds: an SDK that renders on the server makes one for each page.
pub(super) const REFRESHES: usize = 300;
/// WeChat may be asked for a user's phone this often …
pub(super) const LOOKUPS: usize = 5;
/// … within this time.
pub(super) const LOOKUP_WINDOW_MS: i64 = 60 * 60 * 1000;

/// Pictures that a user may upload in any day.
pub(super) const PICTURES: usize = 20;

/// Bytes of all tables when they are full.
pub(super) const MAX_BYTES: usize = Table::<Repeat>::bytes(REPEATS)
    + Table::<Seconds>::bytes(USERS)
    + Table::<Recent<LOOKUPS>>::bytes(USERS)
    + Table::<DayTenths>::bytes(USERS)
    + Guesses::bytes();
const _: () = assert!(MAX_BYTES <= 36 << 20, "the limits may take 36 MiB");

/// Recent requests, by keyed hashes of what identifies them.
pub struct Limits {
    pub(super) enabled: bool,
    pub(super) window_ms: i64,
    pub(super) clock: Clock,
    hasher: RandomState,
    pub(super) repeats: Mutex<Table<Repeat>>,
    pub(super) refreshes: Mutex<Table<Seconds>>,
    pub(super) lookups: Mutex<Table<Recent<LOOKUPS>>>,
    pub(super) pictures: Mutex<Table<DayTenths>>,
    pub(super) guesses: Mutex<Guesses>,
    pub(super) pair_locks: PairLocks,
    pub(super) registrations: usize,
    pub(super) hashes: usize,
    pub(super) phone_changes: usize,
    pub(super) refusals: Refusals,
}

impl Limits {
    /// Limits as configured.
    #[must_use]
    pub fn new(settings: &config::Limits, clock: Clock) -> Self {
        Self {
            enabled: settings.enabled,
            window_ms: i64::try_from(settings.duplicate_window.as_millis()).unwrap_or(i64::MAX / 4),
            clock,
            hasher: RandomState::new(),
            repeats: Mutex::new(Table::new(REPEATS)),
            refreshes: Mutex::new(Table::new(USERS)),
            lookups: Mutex::new(Table::new(USERS)),
            pictures: Mutex::new(Table::new(USERS)),
            guesses: Mutex::new(Guesses::new()),
            pair_locks: PairLocks::default(),
            registrations: settings.registrations,
            hashes: settings.hashes,
            phone_changes: settings.phone_changes,
            refusals: Refusals::new(),
        }
    }

    /// Shows how often each rule refused something.
    pub fn register_metrics(&self, metrics: &Metrics) {
        self.refusals.register_metrics(metrics);
    }

    pub(super) fn now(&self) -> Now {
        Now {
            ms: self.clock.steady_ms(),
            wall_ms: self.clock.now_ms(),
        }
    }

    /// The key of what `source` has so much of in ten minutes.
    pub(super) fn share(&self, rule: Rule, source: Source) -> u64 {
        self.digest((rule as u8, source))
    }

    pub(super) fn digest(&self, value: impl Hash) -> u64 {
        self.hasher.hash_one(value)
    }
}
