//! Old passwords, which allow owners to change what they log in with.

use crate::app::App;
use crate::auth::{self, AuditContext};
use crate::domain::{Cause, EventKind, PlainPassword, User};
use crate::error::{Error, Result};
use crate::limits::{Source, Way, Whom};

/// Whether `old` is the password of `user`. It may be a guess of somebody with a stolen token, and is counted as at a login.
///
/// # Errors
/// Too many attempts, and errors of ours.
pub async fn is_old_password(app: &App, user: &User, source: Source, old: &str) -> Result<bool> {
    // What is too long to be a password is a wrong one.
    let Ok(old) = PlainPassword::attempt(old.to_owned()) else {
        return Ok(false);
    };
    let admitted = app
        .limits
        .password(Way::OldPassword, &source, Whom::Record(&user.id));
    let attempt = auth::admitted(app, EventKind::LoginFailed, source.ip(), admitted)?;
    attempt.found(Ok(()))?;
    let verdict = verify(app, user, source, old).await;
    match attempt.settle(verdict) {
        Ok(()) => Ok(true),
        Err(Error::WrongPassword) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn verify(app: &App, user: &User, source: Source, old: PlainPassword) -> Result<()> {
    if auth::is_password_of(app, Some(source.ip()), user, old).await? {
        return Ok(());
    }
    let context = AuditContext::over_network(None, source.ip());
    let event = context
        .event(app, EventKind::LoginFailed)
        .because(Cause::WrongPassword);
    app.audit(event.about(user.id.as_str()).detail("old password"));
    Err(Error::WrongPassword)
}
