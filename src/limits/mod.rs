//! Abuse control: repetitions, hasty refreshes, dear phone lookups, guessed phones and passwords, registrations without an end.
//!
//! All is remembered by keyed hashes in tables of bounded size, and forgotten when the process ends. All goes by steady
//! time, but for the count of a UTC day: a clock that was wrong for a while makes nobody wait for it.

mod failures;
mod logins;
mod minutes;
mod phones;
mod rates;
mod recent;
mod repeats;
mod rule;
mod source;
mod table;

use std::hash::{BuildHasher, Hash, RandomState};

use std::time::Duration;

use self::logins::Guesses;
pub use self::logins::{Way, Whom};
pub use self::phones::{Told, Wish};
use self::rates::{LOOKUPS, REFRESHES};
use self::recent::Recent;
use self::repeats::Repeat;
use self::rule::{Refusals, Rule};
pub use self::source::Source;
use self::table::Table;
use crate::clock::Clock;
use crate::config;
use crate::metrics::Metrics;
use parking_lot::{Mutex, MutexGuard};

/// A time so long ago that nothing counts from then, yet far from overflow.
const NEVER: i64 = i64::MIN / 2;

/// What all tables take when they are full.
const MAX_BYTES: usize = Table::<Repeat>::bytes(repeats::CAPACITY)
    + Table::<Recent<REFRESHES>>::bytes(rates::CAPACITY)
    + Table::<Recent<LOOKUPS>>::bytes(rates::CAPACITY)
    + Guesses::bytes();
const _: () = assert!(MAX_BYTES <= 36 << 20, "the limits may take 36 MiB");

/// Remembers recent requests, by keyed hashes of what identifies them.
pub struct Limits {
    enabled: bool,
    window_ms: i64,
    clock: Clock,
    hasher: RandomState,
    repeats: Mutex<Table<Repeat>>,
    refreshes: Mutex<Table<Recent<REFRESHES>>>,
    lookups: Mutex<Table<Recent<LOOKUPS>>>,
    guesses: Mutex<Guesses>,
    registrations: usize,
    hashes: usize,
    phone_changes: usize,
    refusals: Refusals,
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
            repeats: Mutex::new(Table::new(repeats::CAPACITY)),
            refreshes: Mutex::new(Table::new(rates::CAPACITY)),
            lookups: Mutex::new(Table::new(rates::CAPACITY)),
            guesses: Mutex::new(Guesses::new()),
            registrations: settings.registrations,
            hashes: settings.hashes,
            phone_changes: settings.phone_changes,
            refusals: Refusals::new(),
        }
    }

    /// Shows how often each rule refused something.
    pub fn show(&self, metrics: &Metrics) {
        self.refusals.show(metrics);
    }

    fn now(&self) -> Now {
        Now {
            ms: self.clock.steady_ms(),
            wall_ms: self.clock.now_ms(),
        }
    }

    /// The key of what `source` has so much of in ten minutes.
    fn share(&self, rule: Rule, source: &Source) -> u64 {
        self.digest((rule as u8, source))
    }

    fn digest(&self, value: impl Hash) -> u64 {
        self.hasher.hash_one(value)
    }
}

/// The time, by both clocks.
#[derive(Clone, Copy)]
struct Now {
    /// Steady time.
    ms: i64,
    /// Unix time, for the day that it is.
    wall_ms: i64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

/// The time from `now` to `until`, if any.
fn left(until: i64, now: i64) -> Option<Duration> {
    u64::try_from(until - now)
        .ok()
        .filter(|ms| *ms > 0)
        .map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Phone, RecordId};
    use crate::error::{Error, Result};

    /// Limits by default, at noon.
    pub fn limits() -> Limits {
        new(&config::Limits::default())
    }

    fn new(settings: &config::Limits) -> Limits {
        Limits::new(
            settings,
            Clock::manual(Timestamp::from_second(43_200).unwrap()),
        )
    }

    /// The seconds that a refusal names, rounded up.
    pub fn refused_for<T>(result: Result<T>) -> Option<u64> {
        match result.err() {
            Some(Error::TooMany { retry_after } | Error::TooManyAttempts { retry_after }) => {
                Some(retry_after.as_millis().div_ceil(1000).try_into().unwrap())
            }
            _ => None,
        }
    }

    #[test]
    fn nothing_is_refused_when_switched_off() {
        let limits = new(&config::Limits {
            enabled: false,
            ..config::Limits::default()
        });
        let user = RecordId::from_random([0; 30]);
        let _first = limits.once("login", "x").unwrap();
        assert!(limits.once("login", "x").is_ok());
        assert!(
            (0..100).all(|_| limits.refresh(&user).is_ok() && limits.phone_lookup(&user).is_ok())
        );
    }

    /// Bytes of this process that are in memory.
    #[cfg(target_os = "linux")]
    fn resident() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.trim()
            .trim_end_matches(" kB")
            .parse::<usize>()
            .unwrap()
            << 10
    }

    /// Four million keys of logins and registrations (source, name, pair, repetition, shares) and two hundred thousand users', which is more than
    /// most tables hold. For a process of its own: other tests take memory, too.
    #[cfg(target_os = "linux")]
    #[test]
    #[ignore = "run by a_flood_of_keys_takes_64_mib_at_most"]
    fn flood() {
        let limits = limits();
        let before = resident();
        for n in 0_u32..500_000 {
            let source = std::net::IpAddr::from(std::net::Ipv4Addr::from_bits(n)).into();
            drop(limits.password(Way::Login, &source, Whom::Name(&format!("138{n:08}"))));
            drop(limits.registration(&source, &Phone::parse(&format!("139{n:08}")).unwrap()));
        }
        for n in 0..100_000 {
            let user = RecordId::parse(&format!("{n:015}")).unwrap();
            limits.refresh(&user).unwrap();
            drop(limits.phone_lookup(&user));
            drop(limits.phone_change(&std::net::IpAddr::from([10, 0, 0, 1]).into(), &user));
        }
        let taken = resident() - before;
        assert!(taken <= 64 << 20, "{taken} bytes");
        assert!(taken >= 16 << 20, "{taken} bytes: the flood did not arrive");
        println!("{taken} bytes in memory, {MAX_BYTES} by account");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_flood_of_keys_takes_64_mib_at_most() {
        let this = std::env::current_exe().unwrap();
        let flood = [
            "--exact",
            "limits::tests::flood",
            "--ignored",
            "--nocapture",
        ];
        let output = std::process::Command::new(this)
            .args(flood)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
    }
}
