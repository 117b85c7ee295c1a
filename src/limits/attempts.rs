//! Password attempts. An attempt counts as a failure from when it begins, so that a burst gets no more than its share; the count
//! is taken back if it turns out to be none. A name that nobody has counts against the source that gave it.

use std::net::IpAddr;
use std::time::Duration;

use super::error::{Error, Result};
use super::failures::PairFailures;
use super::guesses::Guesses;
use super::limiter::Limits;
use super::pair_locks::PairLock;
use super::rule::{Rule, by};
use super::source::Source;
use super::time::Now;
use crate::domain::RecordId;

/// Subject of an attempt: it counts by the record whenever that is known, however it was named. Somebody with several names, or
/// another name after each guess, has the guesses of one.
#[derive(Clone, Copy, Hash)]
pub enum AttemptSubject<'a> {
    /// A user or a superuser.
    Record(&'a RecordId),
    /// Nobody has this name.
    Name(&'a str),
}

impl<'a> AttemptSubject<'a> {
    /// The record if there is one, or else `name`.
    #[must_use]
    pub fn new(record: Option<&'a RecordId>, name: &'a str) -> Self {
        record.map_or(Self::Name(name), Self::Record)
    }
}

/// Outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The password is right.
    Right,
    /// The password is wrong.
    Wrong,
    /// Neither: a disabled user, an error of ours.
    Undecided,
    /// There was no room to verify it: nothing was hashed.
    NotVerified,
}

/// A password attempt under way. When it is dropped instead of finished, because its client went away, it stays counted.
pub struct PasswordAttempt<'a> {
    limits: &'a Limits,
    source: Source,
    /// Nothing when limits are off.
    counted: Option<Counted>,
    /// After what is counted, so that the next one of the pair finds it finished.
    _lock: Option<PairLock<'a>>,
}

struct Counted {
    keys: Keys,
    begun: Now,
    /// Failures of the pair before the attempt. No other attempt changes them meanwhile, because the pair is locked.
    before: PairFailures,
    counted_by: CountedBy,
}

/// Party that a failure counts against.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CountedBy {
    /// The user and the source.
    Record,
    /// The source that gave a name that nobody has.
    Source,
    /// Nobody here: all servers count the user's failures together.
    Others,
}

impl CountedBy {
    fn new(subject: AttemptSubject<'_>, is_shared: bool) -> Self {
        match subject {
            AttemptSubject::Name(_) => Self::Source,
            AttemptSubject::Record(_) if is_shared => Self::Others,
            AttemptSubject::Record(_) => Self::Record,
        }
    }
}

#[derive(Clone, Copy)]
struct Keys {
    pair: u64,
    subject: u64,
    source: u64,
    hashes: u64,
}

impl Limits {
    /// Admits a password for `subject` after those that the pair of `source` and `subject` has under way, unless the pair has to
    /// wait, the source had too many passwords hashed, or, for a source that has not logged in as them before, there were too many
    /// wrong passwords today or the source gave too many unknown names. If failures are shared, those of the user are counted by
    /// [`super::AccountFailures`], and only those of the source here.
    pub async fn password_attempt(
        &self,
        source: Source,
        subject: AttemptSubject<'_>,
        is_shared: bool,
    ) -> Result<PasswordAttempt<'_>> {
        if !self.enabled {
            return Ok(PasswordAttempt {
                limits: self,
                source,
                counted: None,
                _lock: None,
            });
        }
        let keys = self.keys(source, subject);
        let lock = self.pair_locks.lock(keys.pair).await;
        let now = self.now();
        let mut guesses = self.guesses.lock();
        let counted_by = CountedBy::new(subject, is_shared);
        let wait = guesses.attempt_wait(keys, now, self.hashes, counted_by);
        if let Some((retry_after, rule)) = wait {
            self.refusals.count(rule);
            return Err(Error::TooManyAttempts { retry_after });
        }
        let counted = Some(guesses.begin(keys, now, counted_by));
        Ok(PasswordAttempt {
            limits: self,
            source,
            counted,
            _lock: Some(lock),
        })
    }

    /// Makes `source` familiar for `user`, who logged in from there without a password.
    pub fn logged_in(&self, source: Source, user: &RecordId) {
        if self.enabled {
            let familiar = PairFailures::familiar(self.clock.steady_ms());
            let pair = self.keys(source, AttemptSubject::Record(user)).pair;
            self.guesses.lock().pairs.set(pair, familiar);
        }
    }

    /// Whether `source` has logged in as `user` before, as far as this server knows.
    #[must_use]
    pub fn is_familiar(&self, source: Source, user: &RecordId) -> bool {
        let pair = self.keys(source, AttemptSubject::Record(user)).pair;
        let now = self.clock.steady_ms();
        self.guesses.lock().pairs.get(pair).at(now).familiar
    }

    fn keys(&self, source: Source, subject: AttemptSubject<'_>) -> Keys {
        Keys {
            pair: self.digest((source, subject)),
            subject: self.digest(subject),
            source: self.digest(source),
            hashes: self.share(Rule::Hashes, source),
        }
    }
}

impl PasswordAttempt<'_> {
    /// The source that the attempt comes from.
    #[must_use]
    pub fn source(&self) -> IpAddr {
        self.source.ip()
    }

    /// Counts the outcome. An attempt that is neither right nor wrong is taken back.
    pub fn finish(self, outcome: AttemptOutcome) {
        let Some(counted) = &self.counted else { return };
        let now = self.limits.clock.steady_ms();
        let mut guesses = self.limits.guesses.lock();
        if outcome != AttemptOutcome::Wrong {
            guesses.forget_failure(counted);
        }
        let pair = counted.keys.pair;
        match outcome {
            AttemptOutcome::Wrong if counted.counted_by == CountedBy::Others => {}
            AttemptOutcome::Wrong => guesses.pairs.set(pair, counted.before.failed(now)),
            AttemptOutcome::Right => guesses.pairs.set(pair, PairFailures::familiar(now)),
            AttemptOutcome::NotVerified => {
                guesses.forget_share(counted.keys.hashes, counted.begun.ms);
            }
            AttemptOutcome::Undecided => {}
        }
    }
}

impl Guesses {
    /// A source that named too many unknown phones gets the same answer for every phone, or the answer would tell
    /// them apart.
    fn attempt_wait(
        &self,
        keys: Keys,
        now: Now,
        hashes: usize,
        counted_by: CountedBy,
    ) -> Option<(Duration, Rule)> {
        let pair = self.pairs.get(keys.pair).at(now.ms);
        let is_here = counted_by != CountedBy::Others;
        let wrong = by(Rule::WrongPasswords, pair.wait(now.ms)).filter(|_| is_here);
        let spent = by(
            Rule::Hashes,
            self.shares.get(keys.hashes).wait(now.ms, hashes),
        );
        if pair.familiar {
            return wrong.max(spent);
        }
        let unknown = by(Rule::UnknownPhones, self.unknown_wait(keys.source, now.ms));
        let today = self.days.get(keys.subject).wait(now.wall_ms);
        let daily = by(Rule::DailyWrongPasswords, today).filter(|_| is_here);
        spent.max(unknown).or_else(|| wrong.max(daily))
    }

    fn begin(&mut self, keys: Keys, now: Now, counted_by: CountedBy) -> Counted {
        let before = self.pairs.get(keys.pair).at(now.ms);
        match counted_by {
            CountedBy::Record => {
                self.pairs.set(keys.pair, before.failed(now.ms));
                let daily = self.days.get(keys.subject);
                self.days.set(keys.subject, daily.failed(now.wall_ms));
            }
            CountedBy::Source => self.count_unknown(keys.source, now.ms),
            CountedBy::Others => {}
        }
        self.count_share(keys.hashes, now.ms);
        Counted {
            keys,
            begun: now,
            before,
            counted_by,
        }
    }

    fn forget_failure(&mut self, counted: &Counted) {
        if counted.counted_by == CountedBy::Record {
            self.pairs.set(counted.keys.pair, counted.before);
            let daily = self.days.get(counted.keys.subject);
            self.days
                .set(counted.keys.subject, daily.without(counted.begun.wall_ms));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::failures::{DAILY, DAY_MS, DailyFailures};
    use super::super::guesses::USERS;
    use super::super::recent::Recent;
    use super::super::tests::{limits, now, refused_for};
    use super::super::time::left;
    use super::*;

    fn source(number: u32) -> Source {
        std::net::IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    fn user(number: usize) -> RecordId {
        RecordId::parse(&format!("{number:015}")).unwrap()
    }

    /// The result of beginning an attempt for a user.
    fn begin(limits: &Limits, from: u32, number: usize) -> Result<PasswordAttempt<'_>> {
        let user = user(number);
        now(limits.password_attempt(source(from), AttemptSubject::Record(&user), false))
    }

    /// The result of beginning an attempt for a name that nobody has.
    fn begin_unknown<'a>(limits: &'a Limits, from: u32, name: &str) -> Result<PasswordAttempt<'a>> {
        now(limits.password_attempt(source(from), AttemptSubject::Name(name), false))
    }

    /// An attempt with this outcome, some time after the last one.
    fn attempt(limits: &Limits, from: u32, outcome: AttemptOutcome) {
        limits.clock.advance(Duration::from_secs(3));
        begin(limits, from, 1).unwrap().finish(outcome);
    }

    #[test]
    fn what_is_neither_right_nor_wrong_is_taken_back() {
        let limits = limits();
        for _ in 0..150 {
            attempt(&limits, 1, AttemptOutcome::NotVerified);
            attempt(&limits, 1, AttemptOutcome::Undecided);
        }
        let guesses = limits.guesses.lock();
        let user = user(1);
        let keys = limits.keys(source(1), AttemptSubject::Record(&user));
        assert!(guesses.pairs.get(keys.pair) == PairFailures::default());
        assert!(guesses.days.get(keys.subject) == DailyFailures::default());
        assert!(guesses.unknown.get(keys.source) == Recent::default());
    }

    #[test]
    fn an_attempt_counts_from_when_it_begins_even_if_its_client_goes_away() {
        let limits = limits();
        for _ in 0..5 {
            drop(begin(&limits, 1, 1).unwrap());
            limits.clock.advance(Duration::from_secs(3));
        }
        drop(begin(&limits, 1, 1).unwrap());
        limits.clock.advance(Duration::from_millis(500));
        assert_eq!(refused_for(begin(&limits, 1, 1)), Some(3));
        let under_way: Vec<_> = (2..200).map_while(|n| begin(&limits, n, 1).ok()).collect();
        assert_eq!(under_way.len(), 100 - 6);
        assert_eq!(refused_for(begin(&limits, 300, 1)), Some(43_200 - 15));
    }

    #[test]
    fn strangers_cannot_push_out_what_is_known_of_a_user() {
        let mut guesses = Guesses::new();
        let keys = |n: u64| Keys {
            pair: n,
            subject: n,
            source: n,
            hashes: n,
        };
        let at = |ms| Now {
            ms,
            wall_ms: DAY_MS + ms,
        };
        for _ in 0..DAILY {
            guesses.begin(keys(0), at(0), CountedBy::Record);
        }
        let set = USERS as u64 / 64;
        for n in 1..1000 {
            guesses.begin(keys(n * set), at(1000), CountedBy::Record);
        }
        let wait = guesses
            .attempt_wait(keys(0), at(1000), 0, CountedBy::Record)
            .map(|(wait, _)| wait);
        assert_eq!(wait, left(2 * DAY_MS, DAY_MS + 1000));
        assert_eq!(guesses.pairs.get(0).failures, DAILY);
        assert!(
            guesses
                .attempt_wait(keys(set), at(1000), 0, CountedBy::Record)
                .is_none()
        );
    }

    /// A clock that was eight hours ahead for a while: of a server in a container, or before NTP set it.
    #[test]
    fn a_clock_that_was_wrong_for_a_while_makes_nobody_wait_for_it() {
        let limits = limits();
        let noon = limits.clock.now();
        limits.clock.set(noon + jiff::SignedDuration::from_hours(8));
        for _ in 0..7 {
            attempt(&limits, 1, AttemptOutcome::Wrong);
        }
        for n in 0..20 {
            drop(begin_unknown(&limits, 2, &n.to_string()));
        }
        let user = RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        (0..5).for_each(|_| drop(limits.phone_lookup(&user)));
        (0..300).for_each(|_| limits.refresh(&user).unwrap());
        let success = async { Ok::<_, ()>(()) };
        now(limits.once("login", "x").unwrap().run(success)).unwrap();
        limits.clock.set(noon);
        assert_eq!(refused_for(begin(&limits, 1, 1)), Some(5));
        assert_eq!(refused_for(begin(&limits, 2, 2)), Some(600));
        assert_eq!(refused_for(limits.phone_lookup(&user)), Some(3600));
        assert_eq!(refused_for(limits.refresh(&user)), Some(11));
        assert_eq!(refused_for(limits.once("login", "x")), Some(3));
        limits.clock.advance(Duration::from_secs(5));
        assert!(begin(&limits, 1, 1).is_ok());
    }

    #[test]
    fn a_day_s_wait_ends_with_the_day_whatever_day_it_was_before() {
        let limits = limits();
        let noon = limits.clock.now();
        let fill = |from: u32| {
            (from..from + 100).for_each(|n| drop(begin(&limits, n, 1)));
        };
        limits
            .clock
            .set(noon + jiff::SignedDuration::from_hours(1000));
        fill(1);
        assert!(refused_for(begin(&limits, 999, 1)).is_some_and(|wait| wait <= 86_400));
        limits.clock.set(noon);
        assert!(begin(&limits, 999, 1).is_ok());
        fill(2000);
        assert_eq!(refused_for(begin(&limits, 998, 1)), Some(43_200));
    }
}
