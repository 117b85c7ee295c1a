//! What the operations note of who did what.

use std::net::IpAddr;

use super::{Principal, Session};
use crate::app::App;
use crate::domain::{Actor, AuditEvent, Cause, EventKind, Phone, RecordId};
use crate::error::{Error, Result};

/// Who does something, and where they come from.
#[derive(Clone, Debug)]
pub struct AuditContext {
    /// Who.
    pub actor: Actor,
    /// Their address, if they come over the network.
    pub source: Option<IpAddr>,
}

impl AuditContext {
    /// Somebody who comes over the network.
    #[must_use]
    pub fn over_network(who: Option<&Principal>, source: IpAddr) -> Self {
        Self {
            actor: who.map_or(Actor::Nobody, Actor::from),
            source: Some(source),
        }
    }

    /// Whoever has the command line.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            actor: Actor::Operator,
            source: None,
        }
    }

    /// An event of what they do now.
    #[must_use]
    pub fn event(&self, app: &App, kind: EventKind) -> AuditEvent {
        AuditEvent {
            source: self.source,
            ..app.event(kind, self.actor.clone())
        }
    }
}

impl From<&Principal> for Actor {
    fn from(who: &Principal) -> Self {
        match who {
            Principal::User(user) => Self::User(user.id.clone()),
            Principal::Superuser(superuser) => Self::Superuser(superuser.id.clone()),
        }
    }
}

/// A login under way, of which is noted what comes of it. Of a failure, that is whom it was about as far as it is known: a
/// record id or a masked phone, never what was typed.
pub(super) struct Login<'a> {
    pub app: &'a App,
    pub source: IpAddr,
    /// How they log in, in a word.
    pub way: &'static str,
}

impl Login<'_> {
    /// Notes if it ended before it was known who logs in.
    pub fn begun<T>(&self, subject: &str, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            self.failed(subject, error);
        }
        result
    }

    /// Notes what came of the login of the user `id`.
    pub fn done(&self, id: RecordId, outcome: Result<Session>) -> Result<Session> {
        let created = outcome.as_ref().is_ok_and(|session| session.created);
        self.ended(
            if created {
                EventKind::Registration
            } else {
                EventKind::Login
            },
            id,
            outcome,
        )
    }

    /// Notes what came of the login of the user `id`, who gets a token and nothing else.
    pub fn token(&self, id: RecordId, outcome: Result<String>) -> Result<String> {
        self.ended(EventKind::Login, id, outcome)
    }

    fn ended<T>(&self, kind: EventKind, id: RecordId, outcome: Result<T>) -> Result<T> {
        match &outcome {
            Ok(_) => self.app.audit(
                self.app
                    .event(kind, Actor::User(id))
                    .from(self.source)
                    .detail(self.way),
            ),
            Err(error) => self.failed(id.as_str(), error),
        }
        outcome
    }

    /// Notes a failure.
    pub fn failed(&self, subject: &str, error: &Error) {
        let event = failure(self.app, EventKind::LoginFailed, self.source, error);
        self.app.audit(event.about(subject).detail(self.way));
    }
}

/// Notes what came of the login of the superuser `id`; without one it was nobody's.
pub(super) fn superuser_login(
    app: &App,
    source: IpAddr,
    id: Option<RecordId>,
    error: Option<&Error>,
) {
    let failed = |error| failure(app, EventKind::SuperuserLoginFailed, source, error);
    app.audit(match (id, error) {
        (Some(id), None) => app
            .event(EventKind::SuperuserLogin, Actor::Superuser(id))
            .from(source),
        (Some(id), Some(error)) => failed(error).about(id.as_str()),
        (None, Some(Error::WrongPassword) | None) => failed(&Error::UserNotFound),
        (None, Some(error)) => failed(error),
    });
}

/// Refuses a superuser, or whoever wants to be one, who does not come from where superusers may; `id` is whose token was shown.
///
/// # Errors
/// [`Error::SuperuserAddress`].
pub fn ensure_address(
    app: &App,
    address: IpAddr,
    by: &AuditContext,
    id: Option<&RecordId>,
) -> Result<()> {
    if app.config.console.admits(address) {
        return Ok(());
    }
    let event = by
        .event(app, EventKind::SuperuserLoginFailed)
        .because(Cause::Address);
    app.audit(event.about(id.map(RecordId::as_str).unwrap_or_default()));
    Err(Error::SuperuserAddress)
}

/// Notes if a login was not even tried, because there were too many.
///
/// # Errors
/// That of `admitted`.
pub fn admitted<T>(app: &App, kind: EventKind, source: IpAddr, admitted: Result<T>) -> Result<T> {
    if let Err(error @ Error::TooManyAttempts { .. }) = &admitted {
        app.audit(failure(app, kind, source, error));
    }
    admitted
}

/// Notes that somebody wanted `phone`, in a way that a word names, and did not get it because it is somebody else's: about
/// that user, or about the masked phone if it is free by now.
pub async fn note_refused_phone(app: &App, by: &AuditContext, phone: &Phone, way: &str) {
    let holder = app.store.user_by_phone(phone).await.ok().flatten();
    let subject = holder.map_or_else(|| phone.masked(), |user| user.id.to_string());
    let event = by.event(app, EventKind::PhoneRefused).about(subject);
    app.audit(event.detail(format!("{way}: {}", phone.masked())));
}

fn failure(app: &App, kind: EventKind, source: IpAddr, error: &Error) -> AuditEvent {
    app.event(kind, Actor::Nobody)
        .from(source)
        .because(cause(error))
}

fn cause(error: &Error) -> Cause {
    match error {
        Error::WrongPassword => Cause::WrongPassword,
        Error::NotPlatformUser | Error::NotWechatUser => Cause::WrongKind,
        Error::Disabled | Error::LoginDisabled => Cause::Disabled,
        Error::SuperuserAddress => Cause::Address,
        Error::UserNotFound | Error::PlatformUserNotFound | Error::Unauthenticated(_) => {
            Cause::Unknown
        }
        Error::CodeRefused(_) => Cause::CodeRefused,
        Error::TooMany { .. } | Error::TooManyAttempts { .. } => Cause::Limited,
        Error::NoIdentity | Error::PhoneTaken | Error::PhoneOfAnother | Error::Internal(_) => {
            Cause::Internal
        }
    }
}
