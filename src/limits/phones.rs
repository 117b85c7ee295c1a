//! Phones that somebody asks for, to register with or in place of their own: the answer tells whether they are taken, and
//! a taken one is as dear as an unknown one at a login. So each counts as what a source should not find out, from when the
//! request begins; that it was free, or that nobody learned anything, is taken back.

use std::time::Duration;

use super::logins::Guesses;
use super::repeats::InFlight;
use super::rule::Rule;
use super::source::Source;
use super::{Limits, lock};
use crate::domain::{Phone, RecordId};
use crate::error::{Error, Result};

/// A user may ask for another phone this often …
pub const CHANGES: usize = 5;
/// … within this time.
const CHANGE_WINDOW_MS: i64 = 60 * 60 * 1000;

/// A phone that is asked for. When it is dropped instead of settled, because its client went away, it stays counted.
pub struct Wish<'a> {
    limits: &'a Limits,
    _in_flight: Option<InFlight<'a>>,
    /// Nothing when limits are off.
    counted: Option<Counted>,
}

struct Counted {
    at: i64,
    /// The source among whose unknown phones it is.
    source: u64,
    of: Of,
}

/// Everything else that counts, by key.
#[derive(Clone, Copy)]
enum Of {
    Registration { registrations: u64, hashes: u64 },
    Change { changes: u64, user: u64 },
}

/// The knowledge that somebody got of the phone that they asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was free, and is theirs.
    Free,
    /// It is taken; or it is free, and they did not get it.
    All,
    /// Nothing.
    Nothing,
}

impl Told {
    /// The knowledge that the outcome of a registration gives.
    pub fn by<T>(outcome: &Result<T>) -> Self {
        match outcome {
            Ok(_) => Self::Free,
            Err(Error::PhoneTaken) => Self::All,
            Err(_) => Self::Nothing,
        }
    }
}

impl Limits {
    /// Admits a registration with `phone`, unless it is a repetition, or the source registered, had passwords hashed or
    /// named phones that it should not know, too often.
    ///
    /// # Errors
    /// [`Error::TooMany`], [`Error::TooManyAttempts`].
    pub fn registration(&self, source: &Source, phone: &Phone) -> Result<Wish<'_>> {
        const ROUTE: &str = "platform/register";
        let who = (source, phone);
        if !self.enabled {
            return Ok(Wish {
                limits: self,
                _in_flight: None,
                counted: None,
            });
        }
        let of = Of::Registration {
            registrations: self.share(Rule::Registrations, source),
            hashes: self.share(Rule::Hashes, source),
        };
        let counted = Counted {
            at: self.clock.steady_ms(),
            source: self.digest(source),
            of,
        };
        let mut guesses = lock(&self.guesses);
        if let Some((wait, rule)) = self.wait(&guesses, &counted) {
            self.refusals.count(rule);
            let retry_after = self
                .once_in(ROUTE, who)
                .map_or(wait, |repeat| repeat.max(wait));
            return Err(Error::TooManyAttempts { retry_after });
        }
        let in_flight = self.once(ROUTE, who)?;
        guesses.ask(&counted);
        Ok(Wish {
            limits: self,
            _in_flight: Some(in_flight),
            counted: Some(counted),
        })
    }

    /// Admits that `user` asks for another phone, unless they, or the source, did too often, or the source named too many
    /// phones that it should not know.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`].
    pub fn phone_change(&self, source: &Source, user: &RecordId) -> Result<Wish<'_>> {
        if !self.enabled {
            return Ok(Wish {
                limits: self,
                _in_flight: None,
                counted: None,
            });
        }
        let of = Of::Change {
            changes: self.share(Rule::PhoneChanges, source),
            user: self.digest(user),
        };
        let counted = Counted {
            at: self.clock.steady_ms(),
            source: self.digest(source),
            of,
        };
        let mut guesses = lock(&self.guesses);
        if let Some((retry_after, rule)) = self.wait(&guesses, &counted) {
            self.refusals.count(rule);
            return Err(Error::TooManyAttempts { retry_after });
        }
        guesses.ask(&counted);
        Ok(Wish {
            limits: self,
            _in_flight: None,
            counted: Some(counted),
        })
    }

    /// Admits a password of `source` to be hashed that is no guess.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`].
    pub fn hash(&self, source: &Source) -> Result<()> {
        if !self.enabled {
            return Ok(());
        }
        let (key, now) = (self.share(Rule::Hashes, source), self.clock.steady_ms());
        let mut guesses = lock(&self.guesses);
        if let Some(retry_after) = guesses.shares.get(key).wait(now, self.hashes) {
            self.refusals.count(Rule::Hashes);
            return Err(Error::TooManyAttempts { retry_after });
        }
        guesses.count_share(key, now);
        Ok(())
    }

    /// The longest wait of those that hold.
    fn wait(&self, guesses: &Guesses, counted: &Counted) -> Option<(Duration, Rule)> {
        let now = counted.at;
        let share = |key, limit, rule| {
            guesses
                .shares
                .get(key)
                .wait(now, limit)
                .map(|wait| (wait, rule))
        };
        let unknown = guesses.unknown_wait(counted.source, now);
        let of = match counted.of {
            Of::Registration {
                registrations,
                hashes,
            } => share(registrations, self.registrations, Rule::Registrations).max(share(
                hashes,
                self.hashes,
                Rule::Hashes,
            )),
            Of::Change { changes, user } => {
                let own = guesses.changes.get(user).wait(now, CHANGE_WINDOW_MS);
                share(changes, self.phone_changes, Rule::PhoneChanges)
                    .max(own.map(|wait| (wait, Rule::PhoneChanges)))
            }
        };
        unknown.map(|wait| (wait, Rule::UnknownPhones)).max(of)
    }
}

impl Wish<'_> {
    /// Notes what was learned.
    pub fn settle(self, told: Told) {
        if let Some(counted) = &self.counted
            && told != Told::All
        {
            let mut guesses = lock(&self.limits.guesses);
            guesses.forget_phone(counted);
            if told == Told::Nothing {
                guesses.forget_effort(counted);
            }
        }
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        let Some(counted) = &self.counted else { return };
        let mut guesses = lock(&self.limits.guesses);
        if let Some(asking) = guesses.asking.get_mut(&counted.source) {
            *asking -= 1;
            if *asking == 0 {
                guesses.asking.remove(&counted.source);
            }
        }
    }
}

impl Guesses {
    fn ask(&mut self, counted: &Counted) {
        let now = counted.at;
        *self.asking.entry(counted.source).or_insert(0) += 1;
        self.unknown
            .set(counted.source, self.unknown.get(counted.source).with(now));
        match counted.of {
            Of::Registration {
                registrations,
                hashes,
            } => {
                self.count_share(registrations, now);
                self.count_share(hashes, now);
            }
            Of::Change { changes, user } => {
                self.count_share(changes, now);
                self.changes.set(user, self.changes.get(user).with(now));
            }
        }
    }

    fn forget_phone(&mut self, counted: &Counted) {
        self.unknown.set(
            counted.source,
            self.unknown.get(counted.source).without(counted.at),
        );
    }

    fn forget_effort(&mut self, counted: &Counted) {
        match counted.of {
            Of::Registration {
                registrations,
                hashes,
            } => {
                self.forget_share(registrations, counted.at);
                self.forget_share(hashes, counted.at);
            }
            Of::Change { changes, user } => {
                self.forget_share(changes, counted.at);
                self.changes
                    .set(user, self.changes.get(user).without(counted.at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::logins::{Way, Whom};
    use super::super::tests::{limits, refused_for};
    use super::*;

    fn source(number: u32) -> Source {
        std::net::IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    fn phone(number: u32) -> Phone {
        Phone::parse(&format!("138{number:08}")).unwrap()
    }

    fn user(number: u32) -> RecordId {
        RecordId::parse(&format!("{number:015}")).unwrap()
    }

    #[test]
    fn sixty_registrations_of_a_source_are_admitted_and_then_others_s() {
        let limits = limits();
        for n in 0..60 {
            limits
                .registration(&source(1), &phone(n))
                .unwrap()
                .settle(Told::Free);
        }
        assert_eq!(
            refused_for(limits.registration(&source(1), &phone(60))),
            Some(660)
        );
        assert!(limits.registration(&source(2), &phone(60)).is_ok());
        limits.clock.advance(Duration::from_mins(11));
        assert!(limits.registration(&source(1), &phone(60)).is_ok());
    }

    #[test]
    fn a_phone_counts_as_unknown_unless_it_was_free_or_nobody_learned_anything() {
        let limits = limits();
        for n in 0..50 {
            limits
                .registration(&source(1), &phone(n))
                .unwrap()
                .settle(Told::by(&Ok(())));
            limits
                .registration(&source(2), &phone(n))
                .unwrap()
                .settle(Told::by::<()>(&Err(Error::internal("x"))));
        }
        for n in 0..20 {
            let wish = limits.registration(&source(3), &phone(n)).unwrap();
            if n % 2 == 0 {
                drop(wish)
            } else {
                wish.settle(Told::by::<()>(&Err(Error::PhoneTaken)))
            }
        }
        assert_eq!(
            refused_for(limits.registration(&source(3), &phone(20))),
            Some(600)
        );
        assert_eq!(
            refused_for(limits.phone_change(&source(3), &user(1))),
            Some(600)
        );
        assert_eq!(
            refused_for(limits.password(Way::Login, &source(3), Whom::Name("x"))),
            Some(600)
        );
        assert!(
            limits
                .password(Way::Login, &source(1), Whom::Name("x"))
                .is_ok()
        );
        assert!(limits.registration(&source(2), &phone(60)).is_ok());
    }

    #[test]
    fn who_is_refused_because_of_what_is_under_way_waits_a_second() {
        let limits = limits();
        let wishes: Vec<_> = (0..20)
            .map(|n| limits.registration(&source(1), &phone(n)).unwrap())
            .collect();
        assert_eq!(
            refused_for(limits.registration(&source(1), &phone(20))),
            Some(1)
        );
        assert_eq!(
            refused_for(limits.password(Way::Login, &source(1), Whom::Name("x"))),
            Some(1)
        );
        for wish in wishes {
            wish.settle(Told::Free);
        }
        assert!(limits.registration(&source(1), &phone(20)).is_ok());
        assert!(lock(&limits.guesses).asking.is_empty());
    }

    #[test]
    fn a_user_changes_the_phone_five_times_an_hour_and_a_source_sixty_times_in_ten_minutes() {
        let limits = limits();
        for _ in 0..9 {
            limits
                .phone_change(&source(1), &user(1))
                .unwrap()
                .settle(Told::Nothing);
        }
        for n in 0..60 {
            limits
                .phone_change(&source(1), &user(n / 5))
                .unwrap()
                .settle(Told::Free);
        }
        assert_eq!(
            refused_for(limits.phone_change(&source(1), &user(99))),
            Some(660)
        );
        assert_eq!(
            refused_for(limits.phone_change(&source(2), &user(1))),
            Some(3600)
        );
        assert!(limits.phone_change(&source(2), &user(99)).is_ok());
    }

    #[test]
    fn whatever_a_source_has_hashed_is_counted_together() {
        let limits = limits();
        for n in 0..1000 {
            let busy = limits
                .password(Way::OldPassword, &source(1), Whom::Record(&user(n)))
                .unwrap();
            let too_many = Error::TooMany {
                retry_after: Duration::from_secs(1),
            };
            assert!(
                busy.found(Ok(()))
                    .and_then(|()| busy.settle::<()>(Err(too_many)))
                    .is_err()
            );
            limits.hash(&source(1)).unwrap();
            let attempt = limits
                .password(Way::Login, &source(1), Whom::Record(&user(n)))
                .unwrap();
            attempt
                .found(Ok(()))
                .and_then(|()| attempt.settle(Ok(())))
                .unwrap();
        }
        assert_eq!(refused_for(limits.hash(&source(1))), Some(660));
        assert_eq!(
            refused_for(limits.registration(&source(1), &phone(1))),
            Some(660)
        );
        assert_eq!(
            refused_for(limits.password(Way::Login, &source(1), Whom::Record(&user(1)))),
            Some(660)
        );
        assert!(limits.hash(&source(2)).is_ok());
    }
}
