//! Audit events of the operations.

use std::net::IpAddr;

use super::principal::Principal;
use crate::app::App;
use crate::domain::{Actor, AuditEvent, Cause, EventKind, Phone, RecordId};
use crate::error::{Error, Result};
use crate::limits::Source;

/// The actor of audit events, and where they come from.
#[derive(Clone, Debug)]
pub struct AuditContext {
    /// The actor.
    pub actor: Actor,
    /// Their address, if they come over the network.
    pub source: Option<IpAddr>,
}

impl AuditContext {
    /// Anybody who comes over the network.
    #[must_use]
    pub fn over_network(principal: Option<&Principal>, source: IpAddr) -> Self {
        Self {
            actor: principal.map_or(Actor::Nobody, Actor::from),
            source: Some(source),
        }
    }

    /// The operator, who has the command line.
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
    pub fn record<T>(&self, kind: EventKind, id: &RecordId, outcome: &Result<T>) {
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

/// Writes the event that somebody asked for `phone`, in a way that a word names, and did not get it because it is somebody else's:
/// about that user, or about the masked phone if it is free by now.
pub async fn audit_refused_phone(app: &App, by: &AuditContext, phone: &Phone, way: &str) {
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
        Error::Disabled | Error::LoginDisabled | Error::LoginRefused => Cause::Disabled,
        Error::SuperuserAddress => Cause::Address,
        Error::UserNotFound | Error::PlatformUserNotFound | Error::Unauthenticated(_) => {
            Cause::Unknown
        }
        Error::CodeRefused(_) => Cause::CodeRefused,
        Error::TooMany { .. }
        | Error::Busy { .. }
        | Error::WechatQuota { .. }
        | Error::TooManyAttempts { .. } => Cause::Limited,
        Error::NoIdentity
        | Error::RegistrationClosed
        | Error::PhoneTaken { .. }
        | Error::PhoneOfAnother
        | Error::Unavailable { .. }
        | Error::Internal(_) => Cause::Internal,
    }
}
