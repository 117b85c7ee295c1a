//! Phone claims: phones that somebody asks for, to register with or in place of their own. The answer tells whether a phone is
//! taken, and a taken one is as dear as an unknown one at a login. So each counts as what a source should not find out, from
//! when the request begins; that it was free, or that nobody learned anything, is taken back.

use std::time::Duration;

use super::error::{Error, Result};
use super::guesses::{CHANGE_WINDOW_MS, Guesses};
use super::limiter::Limits;
use super::rule::{Rule, by};
use super::source::Source;
use crate::domain::RecordId;

/// A phone that is asked for. When it is dropped instead of finished, because its client went away, it stays counted.
pub struct PhoneClaim<'a> {
    limits: &'a Limits,
    /// Nothing when limits are off.
    counted: Option<Counted>,
}

struct Counted {
    at: i64,
    /// The source among whose unknown phones it is.
    source: u64,
    effort: Effort,
}

/// Everything else that counts, by key.
#[derive(Clone, Copy)]
enum Effort {
    Registration { registrations: u64, hashes: u64 },
    Change { changes: u64, user: u64 },
}

/// Knowledge that somebody got of the phone that they asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// It was free, and is theirs.
    Free,
    /// It is taken; or it is free, and they did not get it.
    All,
    /// Nothing.
    Nothing,
}

impl Limits {
    /// Admits a registration, unless the source registered, had passwords hashed or named phones that it should not know, too
    /// often.
    pub fn registration(&self, source: Source) -> Result<PhoneClaim<'_>> {
        let effort = Effort::Registration {
            registrations: self.share(Rule::Registrations, source),
            hashes: self.share(Rule::Hashes, source),
        };
        self.claim(source, effort)
    }

    /// Admits that `user` asks for another phone, unless they, or the source, did too often, or the source named too many
    /// phones that it should not know.
    pub fn phone_change(&self, source: Source, user: &RecordId) -> Result<PhoneClaim<'_>> {
        let effort = Effort::Change {
            changes: self.share(Rule::PhoneChanges, source),
            user: self.digest(user),
        };
        self.claim(source, effort)
    }

    fn claim(&self, source: Source, effort: Effort) -> Result<PhoneClaim<'_>> {
        if !self.enabled {
            return Ok(PhoneClaim {
                limits: self,
                counted: None,
            });
        }
        let counted = self.counted(source, effort);
        let mut guesses = self.guesses.lock();
        if let Some((retry_after, rule)) = self.claim_wait(&guesses, &counted) {
            self.refusals.count(rule);
            return Err(Error::TooManyAttempts { retry_after });
        }
        guesses.count_claim(&counted);
        Ok(PhoneClaim {
            limits: self,
            counted: Some(counted),
        })
    }

    fn counted(&self, source: Source, effort: Effort) -> Counted {
        Counted {
            at: self.clock.steady_ms(),
            source: self.digest(source),
            effort,
        }
    }

    /// The longest wait of those that hold.
    fn claim_wait(&self, guesses: &Guesses, counted: &Counted) -> Option<(Duration, Rule)> {
        let unknown = guesses.unknown_wait(counted.source, counted.at);
        by(Rule::UnknownPhones, unknown).max(self.effort_wait(guesses, counted))
    }

    fn effort_wait(&self, guesses: &Guesses, counted: &Counted) -> Option<(Duration, Rule)> {
        let now = counted.at;
        match counted.effort {
            Effort::Registration {
                registrations,
                hashes,
            } => {
                let registered = guesses
                    .shares
                    .get(registrations)
                    .wait(now, self.registrations);
                let hashed = guesses.shares.get(hashes).wait(now, self.hashes);
                by(Rule::Registrations, registered).max(by(Rule::Hashes, hashed))
            }
            Effort::Change { changes, user } => {
                let own = guesses.changes.get(user).wait(now, CHANGE_WINDOW_MS);
                let all = guesses.shares.get(changes).wait(now, self.phone_changes);
                by(Rule::PhoneChanges, all.max(own))
            }
        }
    }
}

impl PhoneClaim<'_> {
    /// Counts no more than what was disclosed.
    pub fn finish(self, disclosure: Disclosure) {
        let Some(counted) = &self.counted else { return };
        let mut guesses = self.limits.guesses.lock();
        match disclosure {
            Disclosure::All => {}
            Disclosure::Free => guesses.forget_phone(counted),
            Disclosure::Nothing => {
                guesses.forget_phone(counted);
                guesses.forget_effort(counted);
            }
        }
    }
}

impl Drop for PhoneClaim<'_> {
    fn drop(&mut self) {
        let Some(counted) = &self.counted else { return };
        let mut guesses = self.limits.guesses.lock();
        if let Some(asking) = guesses.asking.get_mut(&counted.source) {
            *asking -= 1;
            if *asking == 0 {
                guesses.asking.remove(&counted.source);
            }
        }
    }
}

impl Guesses {
    fn count_claim(&mut self, counted: &Counted) {
        let now = counted.at;
        *self.asking.entry(counted.source).or_insert(0) += 1;
        self.count_unknown(counted.source, now);
        match counted.effort {
            Effort::Registration {
                registrations,
                hashes,
            } => {
                self.count_share(registrations, now);
                self.count_share(hashes, now);
            }
            Effort::Change { changes, user } => {
                self.count_share(changes, now);
                self.changes.set(user, self.changes.get(user).with(now));
            }
        }
    }

    fn forget_phone(&mut self, counted: &Counted) {
        let recent = self.unknown.get(counted.source);
        self.unknown.set(counted.source, recent.without(counted.at));
    }

    fn forget_effort(&mut self, counted: &Counted) {
        let at = counted.at;
        match counted.effort {
            Effort::Registration {
                registrations,
                hashes,
            } => {
                self.forget_share(registrations, at);
                self.forget_share(hashes, at);
            }
            Effort::Change { changes, user } => {
                self.forget_share(changes, at);
                self.changes.set(user, self.changes.get(user).without(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::attempts::{AttemptOutcome, AttemptSubject};
    use super::super::tests::{limits, now, refused_for};
    use super::*;

    fn source(number: u32) -> Source {
        std::net::IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    fn user(number: u32) -> RecordId {
        RecordId::parse(&format!("{number:015}")).unwrap()
    }

    #[test]
    fn sixty_registrations_of_a_source_are_admitted_and_then_others_s() {
        let limits = limits();
        for _ in 0..60 {
            limits
                .registration(source(1))
                .unwrap()
                .finish(Disclosure::Free);
        }
        assert_eq!(refused_for(limits.registration(source(1))), Some(660));
        assert!(limits.registration(source(2)).is_ok());
        limits.clock.advance(Duration::from_mins(11));
        assert!(limits.registration(source(1)).is_ok());
    }

    #[test]
    fn a_phone_counts_as_unknown_unless_it_was_free_or_nobody_learned_anything() {
        let limits = limits();
        for _ in 0..50 {
            limits
                .registration(source(1))
                .unwrap()
                .finish(Disclosure::Free);
            limits
                .registration(source(2))
                .unwrap()
                .finish(Disclosure::Nothing);
        }
        for n in 0..20 {
            let claim = limits.registration(source(3)).unwrap();
            if n % 2 == 0 {
                drop(claim);
            } else {
                claim.finish(Disclosure::All);
            }
        }
        assert_eq!(refused_for(limits.registration(source(3))), Some(600));
        assert_eq!(
            refused_for(limits.phone_change(source(3), &user(1))),
            Some(600)
        );
        assert_eq!(
            refused_for(now(limits.password_attempt(
                source(3),
                AttemptSubject::Name("x"),
                false
            ))),
            Some(600)
        );
        assert!(now(limits.password_attempt(source(1), AttemptSubject::Name("x"), false)).is_ok());
        assert!(limits.registration(source(2)).is_ok());
    }

    #[test]
    fn who_is_refused_because_of_what_is_under_way_waits_a_second() {
        let limits = limits();
        let claimes: Vec<_> = (0..20)
            .map(|_| limits.registration(source(1)).unwrap())
            .collect();
        assert_eq!(refused_for(limits.registration(source(1))), Some(1));
        assert_eq!(
            refused_for(now(limits.password_attempt(
                source(1),
                AttemptSubject::Name("x"),
                false
            ))),
            Some(1)
        );
        for claim in claimes {
            claim.finish(Disclosure::Free);
        }
        assert!(limits.registration(source(1)).is_ok());
        assert!(limits.guesses.lock().asking.is_empty());
    }

    #[test]
    fn a_user_changes_the_phone_five_times_an_hour_and_a_source_sixty_times_in_ten_minutes() {
        let limits = limits();
        for _ in 0..9 {
            limits
                .phone_change(source(1), &user(1))
                .unwrap()
                .finish(Disclosure::Nothing);
        }
        for n in 0..60 {
            limits
                .phone_change(source(1), &user(n / 5))
                .unwrap()
                .finish(Disclosure::Free);
        }
        assert_eq!(
            refused_for(limits.phone_change(source(1), &user(99))),
            Some(660)
        );
        assert_eq!(
            refused_for(limits.phone_change(source(2), &user(1))),
            Some(3600)
        );
        assert!(limits.phone_change(source(2), &user(99)).is_ok());
    }

    #[test]
    fn whatever_a_source_has_hashed_is_counted_together() {
        let limits = limits();
        for n in 0..1000 {
            let busy =
                now(limits.password_attempt(source(1), AttemptSubject::Record(&user(n)), false))
                    .unwrap();
            busy.finish(AttemptOutcome::NotVerified);
            limits.password_hash(source(1)).unwrap();
            let attempt =
                now(limits.password_attempt(source(1), AttemptSubject::Record(&user(n)), false))
                    .unwrap();
            attempt.finish(AttemptOutcome::Right);
        }
        assert_eq!(refused_for(limits.password_hash(source(1))), Some(660));
        assert_eq!(refused_for(limits.registration(source(1))), Some(660));
        assert_eq!(
            refused_for(now(limits.password_attempt(
                source(1),
                AttemptSubject::Record(&user(1)),
                false
            ))),
            Some(660)
        );
        assert!(limits.password_hash(source(2)).is_ok());
    }
}
