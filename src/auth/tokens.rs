//! Tokens for users and superusers.

use std::time::Duration;

use crate::app::App;
use crate::domain::{Superuser, User};
use crate::error::Result;
use crate::token::{Grant, Subject};

/// A new token for `user`.
///
/// # Errors
/// Only errors of ours.
pub(super) fn user_token(app: &App, user: &User) -> Result<String> {
    issue_user_token(app, user, app.config.token.lifetime, true)
}

/// A new token for `superuser`.
///
/// # Errors
/// Only errors of ours.
pub fn superuser_token(app: &App, superuser: &Superuser) -> Result<String> {
    issue_superuser_token(app, superuser, app.config.token.superuser_lifetime, true)
}

pub(super) fn issue_superuser_token(
    app: &App,
    superuser: &Superuser,
    lifetime: Duration,
    is_refreshable: bool,
) -> Result<String> {
    let grant = Grant {
        subject: Subject::Superuser,
        id: &superuser.id,
        token_key: &superuser.token_key,
        collection_id: &app.collections.superusers.id,
        lifetime,
        is_refreshable,
    };
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}

pub(super) fn issue_user_token(
    app: &App,
    user: &User,
    lifetime: Duration,
    is_refreshable: bool,
) -> Result<String> {
    let grant = Grant {
        subject: Subject::User,
        id: &user.id,
        token_key: &user.token_key,
        collection_id: &app.collections.users.id,
        lifetime,
        is_refreshable,
    };
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}
