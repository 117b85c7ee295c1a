//! Set-up: the first superuser is created by a link that is printed at the start.

use super::audit::AuditContext;
use super::superuser::{CreateSuperuserError, create_superuser};
use crate::app::App;
use crate::domain::{Actor, Cause, Email, EventKind, PlainPassword, Superuser};
use crate::error::{Error, Result};

/// The secret of a new set-up link; nothing if there is a superuser already.
pub async fn issue_set_up_link(app: &App) -> Result<Option<String>> {
    if has_superuser(app).await? {
        return Ok(None);
    }
    let secret = app.set_up_link.issue(&app.random, app.clock.steady_ms())?;
    Ok(Some(secret))
}

async fn has_superuser(app: &App) -> Result<bool> {
    Ok(app.store.count_superusers().await? > 0)
}

/// Creates the first superuser if `secret` is that of the set-up link; `None`: it is wrong, has expired or was used, or there is a
/// superuser by now.
///
/// # Errors
/// [`Error::TooMany`]: the link is still good.
pub async fn create_first_superuser(
    app: &App,
    by: &AuditContext,
    secret: &str,
    email: Email,
    password: PlainPassword,
) -> Result<Option<Superuser>> {
    let Some(link) = app.set_up_link.redeem(secret, app.clock.steady_ms()) else {
        let failed = by
            .event(app, EventKind::SuperuserLoginFailed)
            .because(Cause::Unknown);
        app.audit(failed.detail("set-up link"));
        return Ok(None);
    };
    if has_superuser(app).await? {
        return Ok(None);
    }
    match create_superuser(app, email, password).await {
        Ok(superuser) => {
            let by = AuditContext {
                actor: Actor::Superuser(superuser.id.clone()),
                ..by.clone()
            };
            app.audit(by.event(app, EventKind::SetUp));
            Ok(Some(superuser))
        }
        Err(CreateSuperuserError::Conflict(conflict)) => Err(Error::internal(format!(
            "the first superuser collides: {conflict:?}"
        ))),
        Err(CreateSuperuserError::Failed(error)) => {
            app.set_up_link.restore(link);
            Err(error)
        }
    }
}
