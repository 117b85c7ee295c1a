//! What the operations note of who did what.

use std::net::IpAddr;

use super::authenticate::Principal;
use crate::app::App;
use crate::domain::{Actor, AuditEvent, Cause, EventKind, Phone, RecordId};
use crate::error::{Error, Result};
use crate::limits::Source;

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

/// The audit events of a login without a password. A failure is about whom it is as far as that is known: a record id or a
/// masked phone, never what was typed.
pub(super) struct LoginAudit<'a> {
    app: &'a App,
    source: IpAddr,
    method: &'static str,
}

impl<'a> LoginAudit<'a> {
    /// Events of logins by a method, in a few words.
    pub fn new(app: &'a App, source: Source, method: &'static str) -> Self {
        Self {
            app,
            source: source.ip(),
            method,
        }
    }

    /// Writes the event of a login of the user `id`: of this kind, or of its failure.
    pub fn ended<T>(&self, kind: EventKind, id: &RecordId, outcome: &Result<T>) {
        match outcome {
            Ok(_) => self.succeeded(kind, id),
            Err(error) => self.failed(id.as_str(), error),
        }
    }

    /// Writes the event of a success.
    pub fn succeeded(&self, kind: EventKind, id: &RecordId) {
        let event = self.app.event(kind, Actor::User(id.clone()));
        self.app.audit(event.from(self.source).detail(self.method));
    }

    /// Writes the event of a failure.
    pub fn failed(&self, subject: &str, error: &Error) {
        let event = failure(self.app, EventKind::LoginFailed, self.source, error);
        self.app.audit(event.about(subject).detail(self.method));
    }
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

/// Notes that somebody wanted `phone`, in a way that a word names, and did not get it because it is somebody else's: about
/// that user, or about the masked phone if it is free by now.
pub async fn note_refused_phone(app: &App, by: &AuditContext, phone: &Phone, way: &str) {
    let holder = app.store.user_by_phone(phone).await.ok().flatten();
    let subject = holder.map_or_else(|| phone.masked(), |user| user.id.to_string());
    let event = by.event(app, EventKind::PhoneRefused).about(subject);
    app.audit(event.detail(format!("{way}: {}", phone.masked())));
}

/// The event of a failed login.
pub(super) fn failure(app: &App, kind: EventKind, source: IpAddr, error: &Error) -> AuditEvent {
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
