//! Making the first superuser by a link that is printed at the start.

use super::{AuditContext, create_superuser};
use crate::app::App;
use crate::domain::{Actor, Cause, Email, EventKind, PlainPassword, Superuser};
use crate::error::{Error, Result};

/// The secret of a new link; nothing if there is a superuser already.
///
/// # Errors
/// Only errors of ours.
pub async fn offer_set_up(app: &App) -> Result<Option<String>> {
    if has_superuser(app).await? {
        return Ok(None);
    }
    Ok(Some(app.set_up.make(&app.random, app.clock.steady_ms())?))
}

async fn has_superuser(app: &App) -> Result<bool> {
    Ok(app.store.count_superusers().await? > 0)
}

/// Makes the first superuser, for who has the secret of the link; `None`: it is wrong, has expired or was used, or there is a
/// superuser by now.
///
/// # Errors
/// [`Error::TooMany`]: the link is still good.
pub async fn set_up(
    app: &App,
    by: &AuditContext,
    secret: &str,
    email: Email,
    password: PlainPassword,
) -> Result<Option<Superuser>> {
    let Some(link) = app.set_up.take(secret, app.clock.steady_ms()) else {
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
        Ok(Ok(superuser)) => {
            let by = AuditContext {
                actor: Actor::Superuser(superuser.id.clone()),
                ..by.clone()
            };
            app.audit(by.event(app, EventKind::SetUp));
            Ok(Some(superuser))
        }
        Ok(Err(conflict)) => Err(Error::internal(format!(
            "the first superuser collides: {conflict:?}"
        ))),
        Err(error) => {
            app.set_up.put(Some(link));
            Err(error)
        }
    }
}
