//! Guard of passwords: every password that anybody sends is verified here, and nowhere else.
//!
//! An attempt is counted and admitted or refused, verified, written to the audit log, and finished with the limits. Every refusal
//! that does not say so itself costs one hash, so that time does not tell who is there.

use super::account::Account;
use super::audit::failure;
use super::password_purpose::PasswordPurpose;
use super::shared_attempt::SharedAttempt;
use crate::app::App;
use crate::domain::{AuditEvent, PlainPassword, RecordId};
use crate::error::{Error, Result};
use crate::limits::{AttemptOutcome, AttemptSubject, PasswordAttempt, Source};
use crate::password::Verdict;

/// A password to be checked.
pub(super) struct PasswordCheck<'a, A> {
    pub purpose: PasswordPurpose,
    pub source: Source,
    /// The record; nothing if nobody has the name.
    pub account: Option<A>,
    /// The name that was given.
    pub name: &'a str,
    /// A rule that goes before the password, once that cost its hash.
    pub rule: Result<()>,
}

impl<A: Account> PasswordCheck<'_, A> {
    /// Runs `next` with the record if `password` is its password and the rule allows it.
    pub async fn run<T, F: Future<Output = Result<T>>>(
        self,
        app: &App,
        password: PlainPassword,
        next: impl FnOnce(A) -> F,
    ) -> Result<T> {
        let purpose = self.purpose;
        let source = self.source;
        let subject = Subject::of(&self);
        let (attempt, shared) = subject.begin(app, purpose, source).await?;
        let outcome = match self.verify(app, &attempt, password).await {
            Ok(account) => next(account).await,
            Err(error) => Err(error),
        };
        subject.audit(app, purpose, source, outcome.as_ref().err());
        attempt.finish(attempt_outcome(&outcome));
        if let Some(shared) = shared {
            shared.finish(app, attempt_outcome(&outcome)).await?;
        }
        outcome
    }

    async fn verify(
        self,
        app: &App,
        attempt: &PasswordAttempt<'_>,
        password: PlainPassword,
    ) -> Result<A> {
        if self.account.is_none() && self.purpose == PasswordPurpose::PlatformLogin {
            return Err(Error::PlatformUserNotFound);
        }
        let hash = self.account.as_ref().and_then(Account::password_hash);
        let salt = app.random.bytes()?;
        let verdict = app.passwords.verify(attempt, password, hash, salt).await?;
        let account = self.account.ok_or(Error::WrongPassword)?;
        self.rule?;
        match verdict {
            Verdict::Wrong => return Err(Error::WrongPassword),
            Verdict::Outdated { new_hash } if self.purpose != PasswordPurpose::OldPassword => {
                account.renew_hash(app, new_hash).await;
            }
            Verdict::Right | Verdict::Outdated { .. } => {}
        }
        Ok(account)
    }
}

/// Subject that limits count by and audit events are about.
enum Subject {
    Record(RecordId),
    Name(String),
}

impl Subject {
    fn of<A: Account>(check: &PasswordCheck<'_, A>) -> Self {
        match &check.account {
            Some(account) => Self::Record(account.id().clone()),
            None => Self::Name(check.name.to_owned()),
        }
    }

    /// Counts the attempt. A refusal is an audit event.
    async fn begin<'a>(
        &self,
        app: &'a App,
        purpose: PasswordPurpose,
        source: Source,
    ) -> Result<(PasswordAttempt<'a>, Option<SharedAttempt>)> {
        let admitted = self.admit(app, source).await;
        admitted.inspect_err(|error| {
            app.audit(failure(app, purpose.failed(), source.ip(), error));
        })
    }

    /// Admits the attempt by the limits of this server and, if there may be others, by those that all have together.
    async fn admit<'a>(
        &self,
        app: &'a App,
        source: Source,
    ) -> Result<(PasswordAttempt<'a>, Option<SharedAttempt>)> {
        let subject = match self {
            Self::Record(id) => AttemptSubject::Record(id),
            Self::Name(name) => AttemptSubject::Name(name),
        };
        let is_shared = app.store.is_shared();
        let attempt = app.limits.password_attempt(source, subject, is_shared);
        let attempt = attempt.await?;
        let shared = match self {
            Self::Record(id) => SharedAttempt::begin(app, source, id).await,
            Self::Name(_) => Ok(None),
        };
        match shared {
            Ok(shared) => Ok((attempt, shared)),
            Err(error) => {
                attempt.finish(AttemptOutcome::NotVerified);
                Err(error)
            }
        }
    }

    fn audit(&self, app: &App, purpose: PasswordPurpose, source: Source, error: Option<&Error>) {
        let event = match error {
            None => self.success(app, purpose),
            Some(error) => self.failure(app, purpose, source, error),
        };
        if let Some(event) = event {
            app.audit(event.from(source.ip()).detail(purpose.detail()));
        }
    }

    fn success(&self, app: &App, purpose: PasswordPurpose) -> Option<AuditEvent> {
        let Self::Record(id) = self else { return None };
        let (kind, actor) = purpose.succeeded(id)?;
        Some(app.event(kind, actor))
    }

    fn failure(
        &self,
        app: &App,
        purpose: PasswordPurpose,
        source: Source,
        error: &Error,
    ) -> Option<AuditEvent> {
        if purpose.is_silent_about(error) {
            return None;
        }
        let (error, subject) = match (self, error) {
            (Self::Record(id), error) => (error, id.to_string()),
            (Self::Name(name), Error::WrongPassword) => {
                (&Error::UserNotFound, purpose.masked(name))
            }
            (Self::Name(name), error) => (error, purpose.masked(name)),
        };
        Some(failure(app, purpose.failed(), source.ip(), error).about(subject))
    }
}

fn attempt_outcome<T>(outcome: &Result<T>) -> AttemptOutcome {
    match outcome {
        Ok(_) => AttemptOutcome::Right,
        Err(Error::WrongPassword | Error::NotPlatformUser) => AttemptOutcome::Wrong,
        Err(Error::TooMany { .. } | Error::Busy { .. }) => AttemptOutcome::NotVerified,
        Err(_) => AttemptOutcome::Undecided,
    }
}
