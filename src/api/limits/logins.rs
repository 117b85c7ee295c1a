//! Guessed phones and passwords. An attempt counts as all that it may turn out to be (an unknown phone, a wrong
//! password) from when it begins, so that a burst gets no more than its share; what it was not is taken back.

use std::time::Duration;

use super::recent::Recent;
use super::repeats::InFlight;
use super::rule::Rule;
use super::table::{Entry, Table};
use super::{Limits, NEVER, left, lock};
use crate::api::source::Source;
use crate::domain::Phone;
use crate::error::{Error, Result};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Failures of a pair that cost no wait; from the next one on, each brings a longer one …
const FREE_FAILURES: u32 = 5;
/// … as here, the last of them again and again.
const WAITS_MS: [i64; 4] = [1_000, 3_000, 5_000, 10_000];
/// Wrong passwords for a phone in a UTC day.
const DAILY: u32 = 100;
/// A source that has logged in is remembered this long after it was last seen.
const FAMILIAR_MS: i64 = 30 * DAY_MS;
/// Unknown phones of a source …
pub const UNKNOWN: usize = 20;
/// … within this time.
const UNKNOWN_WINDOW_MS: i64 = 10 * 60 * 1000;
/// What each failure adds to the time for which a pair is kept before others, so that a flood of fresh pairs does not
/// push out those that wait.
const FAILURE_WORTH_MS: i64 = 60 * 60 * 1000;

/// Pairs of phone and source remembered.
pub const PAIRS: usize = 1 << 19;
/// Phones remembered.
pub const PHONES: usize = 1 << 18;
/// Sources remembered for the unknown phones that they named.
pub const SOURCES: usize = 1 << 15;

/// What is known about logins.
pub struct Logins {
    pairs: Table<Pair>,
    phones: Table<Daily>,
    unknown: Table<Recent<UNKNOWN>>,
}

/// A phone and a source.
#[derive(Clone, Copy, PartialEq)]
pub struct Pair {
    /// When the last attempt was made.
    at: i64,
    /// Failures in a row.
    failures: u32,
    /// Whether it has logged in.
    familiar: bool,
}

/// The wrong passwords for a phone on a UTC day.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Daily {
    day: u32,
    count: u32,
}

/// A login under way. When it is dropped instead of settled, because its client went away, it stays counted.
pub struct Attempt<'a> {
    limits: &'a Limits,
    _in_flight: InFlight<'a>,
    /// Nothing when limits are off.
    counted: Option<Counted>,
}

struct Counted {
    keys: Keys,
    begun: i64,
    /// The pair before the attempt. Nobody else changes the pair meanwhile, because a repetition is refused.
    before: Pair,
}

#[derive(Clone, Copy)]
struct Keys {
    pair: u64,
    phone: u64,
    source: u64,
}

impl Limits {
    /// Admits a login by password, unless it is a repetition, the pair of `source` and `name` has to wait, or, for
    /// a source that has not logged in with this name before, the name had too many wrong passwords today or the
    /// source gave too many unknown ones. A name is a user's phone, or the identity that was given instead.
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::TooManyAttempts`].
    pub fn login(&self, source: &Source, name: &str) -> Result<Attempt<'_>> {
        const ROUTE: &str = "platform/login";
        if !self.enabled {
            return Ok(Attempt { limits: self, _in_flight: self.once(ROUTE, ())?, counted: None });
        }
        let (keys, now) = (self.keys(source, name), self.clock.now_ms());
        let mut logins = lock(&self.logins);
        if let Some((wait, rule)) = logins.wait(keys, now) {
            self.refusals.count(rule);
            let retry_after = self.once_in(ROUTE, (source, name)).map_or(wait, |repeat| repeat.max(wait));
            return Err(Error::TooManyAttempts { retry_after });
        }
        let in_flight = self.once(ROUTE, (source, name))?;
        let counted = Some(logins.begin(keys, now));
        Ok(Attempt { limits: self, _in_flight: in_flight, counted })
    }

    /// Notes that `phone` logged in from `source` in another way than by [`Limits::login`].
    pub fn logged_in(&self, source: &Source, phone: &Phone) {
        if self.enabled {
            let familiar = Pair::familiar(self.clock.now_ms());
            lock(&self.logins).pairs.set(self.keys(source, phone.as_str()).pair, familiar);
        }
    }

    fn keys(&self, source: &Source, name: &str) -> Keys {
        Keys { pair: self.digest((source, name)), phone: self.digest(name), source: self.digest(source) }
    }
}

impl Attempt<'_> {
    /// Notes whether there is a user with the phone.
    pub fn found<T>(&self, result: Result<T>) -> Result<T> {
        if let Some(counted) = &self.counted {
            let mut logins = lock(&self.limits.logins);
            if !matches!(result, Err(Error::PlatformUserNotFound)) {
                logins.forget_unknown(counted);
            }
            if result.is_err() {
                logins.forget_failure(counted);
            }
        }
        result
    }

    /// Notes what came of the password. Whatever is neither right nor wrong (no room to check it, an error of ours,
    /// a disabled user) is taken back.
    pub fn settle<T>(self, result: Result<T>) -> Result<T> {
        if let Some(counted) = &self.counted {
            let (mut logins, now) = (lock(&self.limits.logins), self.limits.clock.now_ms());
            match result {
                Err(Error::WrongPassword | Error::NotPlatformUser) => {
                    logins.pairs.set(counted.keys.pair, counted.before.failed(now));
                }
                Err(_) => logins.forget_failure(counted),
                Ok(_) => {
                    logins.forget_failure(counted);
                    logins.pairs.set(counted.keys.pair, Pair::familiar(now));
                }
            }
        }
        result
    }
}

impl Logins {
    pub fn new() -> Self {
        Self { pairs: Table::new(PAIRS), phones: Table::new(PHONES), unknown: Table::new(SOURCES) }
    }

    pub const fn bytes() -> usize {
        Table::<Pair>::bytes(PAIRS) + Table::<Daily>::bytes(PHONES) + Table::<Recent<UNKNOWN>>::bytes(SOURCES)
    }

    /// A source that named too many unknown phones gets the same answer for every phone, or the answer would tell
    /// them apart.
    fn wait(&self, keys: Keys, now: i64) -> Option<(Duration, Rule)> {
        let by = |rule: Rule| move |wait: Duration| (wait, rule);
        let pair = self.pairs.get(keys.pair).at(now);
        let wrong = pair.wait(now).map(by(Rule::WrongPasswords));
        if pair.familiar {
            return wrong;
        }
        let unknown = self.unknown.get(keys.source).wait(now, UNKNOWN_WINDOW_MS);
        let daily = || self.phones.get(keys.phone).wait(now).map(by(Rule::DailyWrongPasswords));
        unknown.map(by(Rule::UnknownPhones)).or_else(|| wrong.max(daily()))
    }

    fn begin(&mut self, keys: Keys, now: i64) -> Counted {
        let before = self.pairs.get(keys.pair).at(now);
        self.pairs.set(keys.pair, before.failed(now));
        self.phones.set(keys.phone, self.phones.get(keys.phone).failed(now));
        if !before.familiar {
            self.unknown.set(keys.source, self.unknown.get(keys.source).with(now));
        }
        Counted { keys, begun: now, before }
    }

    fn forget_unknown(&mut self, counted: &Counted) {
        if !counted.before.familiar {
            let recent = self.unknown.get(counted.keys.source);
            self.unknown.set(counted.keys.source, recent.without(counted.begun));
        }
    }

    fn forget_failure(&mut self, counted: &Counted) {
        self.pairs.set(counted.keys.pair, counted.before);
        let daily = self.phones.get(counted.keys.phone);
        self.phones.set(counted.keys.phone, daily.without(counted.begun));
    }
}

impl Pair {
    fn familiar(now: i64) -> Self {
        Self { at: now, failures: 0, familiar: true }
    }

    /// What of it still counts at `now`.
    fn at(self, now: i64) -> Self {
        match now - self.at {
            quiet if quiet < DAY_MS => self,
            quiet if quiet < FAMILIAR_MS && self.familiar => Self { failures: 0, ..self },
            _ => Self::default(),
        }
    }

    /// With one failure more. A familiar source that fails as often as all strangers together may is one of them.
    fn failed(self, now: i64) -> Self {
        let failures = self.failures.saturating_add(1);
        Self { at: now, failures, familiar: self.familiar && failures < DAILY }
    }

    fn wait(&self, now: i64) -> Option<Duration> {
        let step = usize::try_from(self.failures.checked_sub(FREE_FAILURES)?).unwrap_or(usize::MAX);
        left(self.at + WAITS_MS[step.min(WAITS_MS.len() - 1)], now)
    }
}

impl Default for Pair {
    fn default() -> Self {
        Self { at: NEVER, failures: 0, familiar: false }
    }
}

impl Entry for Pair {
    fn worth(&self) -> i64 {
        let keep = if self.familiar { FAMILIAR_MS } else { i64::from(self.failures) * FAILURE_WORTH_MS };
        self.at + keep
    }
}

impl Daily {
    fn on(self, day: u32) -> Self {
        if self.day == day { self } else { Self { day, count: 0 } }
    }

    fn failed(self, now: i64) -> Self {
        let today = self.on(day(now));
        Self { count: today.count.saturating_add(1), ..today }
    }

    fn without(self, at: i64) -> Self {
        match self.count {
            count if self.day != day(at) || count == 0 => self,
            1 => Self::default(),
            count => Self { count: count - 1, ..self },
        }
    }

    fn wait(self, now: i64) -> Option<Duration> {
        let is_full = self.on(day(now)).count >= DAILY;
        is_full.then(|| left((i64::from(day(now)) + 1) * DAY_MS, now)).flatten()
    }
}

impl Entry for Daily {
    fn worth(&self) -> i64 {
        (i64::from(self.day) << 32) + i64::from(self.count)
    }
}

/// The UTC day, counted from 1970.
fn day(at: i64) -> u32 {
    u32::try_from(at / DAY_MS).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::tests::{limits, refused_for};
    use super::*;

    fn source(number: u32) -> Source {
        std::net::IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    fn phone(number: u32) -> String {
        format!("138{number:08}")
    }

    /// An attempt with this result for the password; whether it was admitted.
    fn attempt(limits: &Limits, from: u32, result: Result<()>) -> bool {
        limits.clock.advance(Duration::from_secs(3));
        let attempt = limits.login(&source(from), &phone(1));
        attempt.map(|attempt| attempt.found(Ok(())).and_then(|()| attempt.settle(result))).is_ok()
    }

    #[test]
    fn what_is_neither_right_nor_wrong_is_taken_back() {
        let limits = limits();
        for _ in 0..150 {
            let busy = Error::TooMany { retry_after: Duration::from_secs(1) };
            for error in [busy, Error::internal("broken"), Error::LoginDisabled, Error::NoIdentity] {
                assert!(attempt(&limits, 1, Err(error)));
            }
            let lookup = limits.login(&source(2), &phone(2)).unwrap();
            assert!(lookup.found::<()>(Err(Error::internal("broken"))).is_err());
            drop(lookup);
        }
        let logins = lock(&limits.logins);
        let keys = limits.keys(&source(2), &phone(2));
        assert!(logins.pairs.get(keys.pair) == Pair::default());
        assert!(logins.phones.get(keys.phone) == Daily::default());
        assert!(logins.unknown.get(keys.source) == Recent::default());
    }

    #[test]
    fn an_attempt_counts_from_when_it_begins_even_if_its_client_goes_away() {
        let limits = limits();
        for _ in 0..5 {
            drop(limits.login(&source(1), &phone(1)).unwrap().found(Ok(())));
            limits.clock.advance(Duration::from_secs(3));
        }
        drop(limits.login(&source(1), &phone(1)).unwrap());
        limits.clock.advance(Duration::from_millis(500));
        assert_eq!(refused_for(limits.login(&source(1), &phone(1))), Some(3));
        let under_way: Vec<_> = (2..200).map_while(|n| limits.login(&source(n), &phone(1)).ok()).collect();
        assert_eq!(under_way.len(), 100 - 6);
        assert_eq!(refused_for(limits.login(&source(300), &phone(1))), Some(43_200 - 15));
    }

    #[test]
    fn strangers_cannot_push_out_what_is_known_of_a_phone() {
        let mut logins = Logins::new();
        let keys = |n: u64| Keys { pair: n, phone: n, source: n };
        for _ in 0..DAILY {
            logins.begin(keys(0), DAY_MS);
        }
        let set = PHONES as u64 / 64;
        for n in 1..1000 {
            logins.begin(keys(n * set), DAY_MS + 1000);
        }
        let wait = logins.wait(keys(0), DAY_MS + 1000).map(|(wait, _)| wait);
        assert_eq!(wait, left(2 * DAY_MS, DAY_MS + 1000));
        assert_eq!(logins.pairs.get(0).failures, DAILY);
        assert!(logins.wait(keys(set), DAY_MS + 1000).is_none());
    }
}
