//! Guessed phones and passwords. An attempt counts as all that it may turn out to be (an unknown phone, a wrong
//! password) from when it begins, so that a burst gets no more than its share; what it was not is taken back.

use std::collections::HashMap;
use std::time::Duration;

use super::failures::{Daily, Pair};
use super::minutes::Minutes;
use super::phones::CHANGES;
use super::recent::Recent;
use super::repeats::InFlight;
use super::rule::Rule;
use super::source::Source;
use super::table::Table;
use super::{Limits, Now, lock};
use crate::domain::RecordId;
use crate::error::{Error, Result};

/// A wait for what is under way.
const SOON: Duration = Duration::from_secs(1);
/// Unknown phones of a source …
pub const UNKNOWN: usize = 20;
/// … within this time.
pub const UNKNOWN_WINDOW_MS: i64 = 10 * 60 * 1000;
/// Pairs of user and source remembered.
pub const PAIRS: usize = 1 << 19;
/// Users remembered.
pub const USERS: usize = 1 << 18;
/// Sources remembered, for the unknown phones that they named.
pub const SOURCES: usize = 1 << 15;
/// Sources remembered for what they had so many of in ten minutes, each kind by itself.
pub const SHARES: usize = 1 << 16;
/// Users remembered who changed their phones.
pub const CHANGERS: usize = 1 << 15;

/// Everything known about guesses.
pub struct Guesses {
    pairs: Table<Pair>,
    days: Table<Daily>,
    pub(super) unknown: Table<Recent<UNKNOWN>>,
    pub(super) shares: Table<Minutes>,
    pub(super) changes: Table<Recent<CHANGES>>,
    /// Phones that are being asked for, by source: most of them turn out to be free.
    pub(super) asking: HashMap<u64, u32>,
}

/// The one for whom a password is tried. It counts by the record whenever that is known, however it was named: somebody with
/// several names, or another name after each guess, has the guesses of one.
#[derive(Clone, Copy, Hash)]
pub enum Whom<'a> {
    /// A user or a superuser.
    Record(&'a RecordId),
    /// Nobody has this name.
    Name(&'a str),
}

impl<'a> Whom<'a> {
    /// The record if there is one, or else `name`.
    #[must_use]
    pub fn new(record: Option<&'a RecordId>, name: &'a str) -> Self {
        record.map_or(Self::Name(name), Self::Record)
    }
}

/// The way in which a password is tried; a repetition is one in the same way only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A login.
    Login,
    /// The old password, for a change by who is logged in.
    OldPassword,
}

impl Way {
    fn route(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::OldPassword => "old password",
        }
    }
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
    begun: Now,
    /// The pair before the attempt. Nobody else changes the pair meanwhile, because a repetition is refused.
    before: Pair,
}

#[derive(Clone, Copy)]
struct Keys {
    pair: u64,
    whom: u64,
    source: u64,
    hashes: u64,
}

impl Limits {
    /// Admits a password for `whom`, unless it is a repetition, the pair of `source` and `whom` has to wait, the source had
    /// too many passwords hashed, or, for a source that has not logged in as them before, there were too many wrong
    /// passwords today or the source gave too many unknown names.
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::TooManyAttempts`].
    pub fn password(&self, way: Way, source: &Source, whom: Whom<'_>) -> Result<Attempt<'_>> {
        let route = way.route();
        if !self.enabled {
            return Ok(Attempt {
                limits: self,
                _in_flight: self.once(route, ())?,
                counted: None,
            });
        }
        let (keys, now) = (self.keys(source, whom), self.now());
        let mut guesses = lock(&self.guesses);
        if let Some((wait, rule)) = guesses.wait(keys, now, self.hashes) {
            self.refusals.count(rule);
            let retry_after = self
                .once_in(route, (source, whom))
                .map_or(wait, |repeat| repeat.max(wait));
            return Err(Error::TooManyAttempts { retry_after });
        }
        let in_flight = self.once(route, (source, whom))?;
        let counted = Some(guesses.begin(keys, now));
        Ok(Attempt {
            limits: self,
            _in_flight: in_flight,
            counted,
        })
    }

    /// Notes that `user` logged in from `source` in another way than by [`Limits::password`].
    pub fn logged_in(&self, source: &Source, user: &RecordId) {
        if self.enabled {
            let familiar = Pair::familiar(self.clock.steady_ms());
            lock(&self.guesses)
                .pairs
                .set(self.keys(source, Whom::Record(user)).pair, familiar);
        }
    }

    fn keys(&self, source: &Source, whom: Whom<'_>) -> Keys {
        Keys {
            pair: self.digest((source, whom)),
            whom: self.digest(whom),
            source: self.digest(source),
            hashes: self.share(Rule::Hashes, source),
        }
    }
}

impl Attempt<'_> {
    /// Notes whether there is a user with the name.
    pub fn found<T>(&self, result: Result<T>) -> Result<T> {
        if let Some(counted) = &self.counted {
            let mut guesses = lock(&self.limits.guesses);
            if !matches!(result, Err(Error::PlatformUserNotFound)) {
                guesses.forget_unknown(counted);
            }
            if result.is_err() {
                guesses.forget_failure(counted);
            }
        }
        result
    }

    /// Notes what came of the password. Whatever is neither right nor wrong (no room to check it, an error of ours,
    /// a disabled user) is taken back.
    pub fn settle<T>(self, result: Result<T>) -> Result<T> {
        if let Some(counted) = &self.counted {
            let (mut guesses, now) = (lock(&self.limits.guesses), self.limits.clock.steady_ms());
            match result {
                Err(Error::WrongPassword | Error::NotPlatformUser) => {
                    guesses
                        .pairs
                        .set(counted.keys.pair, counted.before.failed(now));
                }
                Err(ref error) => {
                    guesses.forget_failure(counted);
                    if matches!(error, Error::TooMany { .. }) {
                        guesses.forget_share(counted.keys.hashes, counted.begun.ms);
                    }
                }
                Ok(_) => {
                    guesses.forget_failure(counted);
                    guesses.pairs.set(counted.keys.pair, Pair::familiar(now));
                }
            }
        }
        result
    }
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

    pub const fn bytes() -> usize {
        Table::<Pair>::bytes(PAIRS)
            + Table::<Daily>::bytes(USERS)
            + Table::<Recent<UNKNOWN>>::bytes(SOURCES)
            + Table::<Minutes>::bytes(SHARES)
            + Table::<Recent<CHANGES>>::bytes(CHANGERS)
    }

    /// A source that named too many unknown phones gets the same answer for every phone, or the answer would tell
    /// them apart.
    fn wait(&self, keys: Keys, now: Now, hashes: usize) -> Option<(Duration, Rule)> {
        let by = |rule: Rule| move |wait: Duration| (wait, rule);
        let pair = self.pairs.get(keys.pair).at(now.ms);
        let wrong = pair.wait(now.ms).map(by(Rule::WrongPasswords));
        let hashes = self
            .shares
            .get(keys.hashes)
            .wait(now.ms, hashes)
            .map(by(Rule::Hashes));
        if pair.familiar {
            return wrong.max(hashes);
        }
        let unknown = self.unknown_wait(keys.source, now.ms);
        let daily = || {
            self.days
                .get(keys.whom)
                .wait(now.wall_ms)
                .map(by(Rule::DailyWrongPasswords))
        };
        hashes
            .max(unknown.map(by(Rule::UnknownPhones)))
            .or_else(|| wrong.max(daily()))
    }

    /// The wait of a source that named too many phones; a short one while some of these may turn out to be free.
    pub(super) fn unknown_wait(&self, source: u64, now: i64) -> Option<Duration> {
        let wait = self.unknown.get(source).wait(now, UNKNOWN_WINDOW_MS)?;
        Some(if self.asking.contains_key(&source) {
            wait.min(SOON)
        } else {
            wait
        })
    }

    fn begin(&mut self, keys: Keys, now: Now) -> Counted {
        let before = self.pairs.get(keys.pair).at(now.ms);
        self.pairs.set(keys.pair, before.failed(now.ms));
        self.days
            .set(keys.whom, self.days.get(keys.whom).failed(now.wall_ms));
        self.count_share(keys.hashes, now.ms);
        if !before.familiar {
            self.unknown
                .set(keys.source, self.unknown.get(keys.source).with(now.ms));
        }
        Counted {
            keys,
            begun: now,
            before,
        }
    }

    pub(super) fn count_share(&mut self, key: u64, now: i64) {
        self.shares.set(key, self.shares.get(key).with(now));
    }

    pub(super) fn forget_share(&mut self, key: u64, at: i64) {
        self.shares.set(key, self.shares.get(key).without(at));
    }

    fn forget_unknown(&mut self, counted: &Counted) {
        if !counted.before.familiar {
            let recent = self.unknown.get(counted.keys.source);
            self.unknown
                .set(counted.keys.source, recent.without(counted.begun.ms));
        }
    }

    fn forget_failure(&mut self, counted: &Counted) {
        self.pairs.set(counted.keys.pair, counted.before);
        let daily = self.days.get(counted.keys.whom);
        self.days
            .set(counted.keys.whom, daily.without(counted.begun.wall_ms));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::failures::{DAILY, DAY_MS};
    use super::super::left;
    use super::super::tests::{limits, refused_for};
    use super::*;

    fn source(number: u32) -> Source {
        std::net::IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    fn name(number: usize) -> Whom<'static> {
        Whom::Name(["", "alice", "bob"][number])
    }

    /// An attempt with this result for the password; whether it was admitted.
    fn attempt(limits: &Limits, from: u32, result: Result<()>) -> bool {
        limits.clock.advance(Duration::from_secs(3));
        let attempt = limits.password(Way::Login, &source(from), name(1));
        attempt
            .map(|attempt| attempt.found(Ok(())).and_then(|()| attempt.settle(result)))
            .is_ok()
    }

    #[test]
    fn what_is_neither_right_nor_wrong_is_taken_back() {
        let limits = limits();
        for _ in 0..150 {
            let busy = Error::TooMany {
                retry_after: Duration::from_secs(1),
            };
            for error in [
                busy,
                Error::internal("broken"),
                Error::LoginDisabled,
                Error::NoIdentity,
            ] {
                assert!(attempt(&limits, 1, Err(error)));
            }
            let lookup = limits.password(Way::Login, &source(2), name(2)).unwrap();
            assert!(lookup.found::<()>(Err(Error::internal("broken"))).is_err());
            drop(lookup);
        }
        let guesses = lock(&limits.guesses);
        let keys = limits.keys(&source(2), name(2));
        assert!(guesses.pairs.get(keys.pair) == Pair::default());
        assert!(guesses.days.get(keys.whom) == Daily::default());
        assert!(guesses.unknown.get(keys.source) == Recent::default());
    }

    #[test]
    fn an_attempt_counts_from_when_it_begins_even_if_its_client_goes_away() {
        let limits = limits();
        for _ in 0..5 {
            drop(
                limits
                    .password(Way::Login, &source(1), name(1))
                    .unwrap()
                    .found(Ok(())),
            );
            limits.clock.advance(Duration::from_secs(3));
        }
        drop(limits.password(Way::Login, &source(1), name(1)).unwrap());
        limits.clock.advance(Duration::from_millis(500));
        assert_eq!(
            refused_for(limits.password(Way::Login, &source(1), name(1))),
            Some(3)
        );
        let under_way: Vec<_> = (2..200)
            .map_while(|n| limits.password(Way::Login, &source(n), name(1)).ok())
            .collect();
        assert_eq!(under_way.len(), 100 - 6);
        assert_eq!(
            refused_for(limits.password(Way::Login, &source(300), name(1))),
            Some(43_200 - 15)
        );
    }

    #[test]
    fn strangers_cannot_push_out_what_is_known_of_a_user() {
        let mut guesses = Guesses::new();
        let keys = |n: u64| Keys {
            pair: n,
            whom: n,
            source: n,
            hashes: n,
        };
        let at = |ms| Now {
            ms,
            wall_ms: DAY_MS + ms,
        };
        for _ in 0..DAILY {
            guesses.begin(keys(0), at(0));
        }
        let set = USERS as u64 / 64;
        for n in 1..1000 {
            guesses.begin(keys(n * set), at(1000));
        }
        let wait = guesses.wait(keys(0), at(1000), 0).map(|(wait, _)| wait);
        assert_eq!(wait, left(2 * DAY_MS, DAY_MS + 1000));
        assert_eq!(guesses.pairs.get(0).failures, DAILY);
        assert!(guesses.wait(keys(set), at(1000), 0).is_none());
    }

    /// A clock that was eight hours ahead for a while: of a server in a container, or before NTP set it.
    #[test]
    fn a_clock_that_was_wrong_for_a_while_makes_nobody_wait_for_it() {
        let limits = limits();
        let noon = limits.clock.now();
        limits.clock.set(noon + jiff::SignedDuration::from_hours(8));
        for _ in 0..7 {
            assert!(attempt(&limits, 1, Err(Error::WrongPassword)));
        }
        for n in 0..20 {
            drop(limits.password(Way::Login, &source(2), Whom::Name(&n.to_string())));
        }
        let user = RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        (0..5).for_each(|_| drop(limits.phone_lookup(&user)));
        (0..20).for_each(|_| limits.refresh(&user).unwrap());
        drop(limits.once("login", "x").unwrap());
        limits.clock.set(noon);
        assert_eq!(
            refused_for(limits.password(Way::Login, &source(1), name(1))),
            Some(5)
        );
        assert_eq!(
            refused_for(limits.password(Way::Login, &source(2), name(2))),
            Some(600)
        );
        assert_eq!(refused_for(limits.phone_lookup(&user)), Some(3600));
        assert_eq!(refused_for(limits.refresh(&user)), Some(10));
        assert_eq!(refused_for(limits.once("login", "x")), Some(3));
        limits.clock.advance(Duration::from_secs(5));
        assert!(limits.password(Way::Login, &source(1), name(1)).is_ok());
    }

    #[test]
    fn a_day_s_wait_ends_with_the_day_whatever_day_it_was_before() {
        let limits = limits();
        let noon = limits.clock.now();
        let fill = |from: u32| {
            (from..from + 100).for_each(|n| drop(limits.password(Way::Login, &source(n), name(1))));
        };
        limits
            .clock
            .set(noon + jiff::SignedDuration::from_hours(1000));
        fill(1);
        assert!(
            refused_for(limits.password(Way::Login, &source(999), name(1)))
                .is_some_and(|wait| wait <= 86_400)
        );
        limits.clock.set(noon);
        assert!(limits.password(Way::Login, &source(999), name(1)).is_ok());
        fill(2000);
        assert_eq!(
            refused_for(limits.password(Way::Login, &source(998), name(1))),
            Some(43_200)
        );
    }
}
