//! Tokens for users and superusers.

use std::time::Duration;

use super::authenticate::Who;
use crate::app::App;
use crate::domain::{Superuser, User};
use crate::error::Result;
use crate::token::{Grant, Purpose, Subject};

/// How long a token for files is valid, as PocketBase has it.
const FILE_TOKEN_LIFETIME: Duration = Duration::from_mins(3);

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
        purpose: Purpose::Auth,
        subject: Subject::Superuser,
        id: &superuser.id,
        token_key: &superuser.token_key,
        collection_id: &app.collections().superusers.id,
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
        purpose: Purpose::Auth,
        subject: Subject::User,
        id: &user.id,
        token_key: &user.token_key,
        collection_id: &app.collections().users.id,
        lifetime,
        is_refreshable,
    };
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}

/// A new token for files: it may stand in a link, because it lives for minutes and lets nobody in elsewhere.
///
/// # Errors
/// Only errors of ours.
pub fn file_token(app: &App, who: &Who) -> Result<String> {
    let (subject, collection) = match who {
        Who::User(_) => (Subject::User, &app.collections().users),
        Who::Superuser(_) => (Subject::Superuser, &app.collections().superusers),
    };
    let grant = Grant {
        purpose: Purpose::Files,
        subject,
        id: who.id(),
        token_key: who.token_key(),
        collection_id: &collection.id,
        lifetime: FILE_TOKEN_LIFETIME,
        is_refreshable: false,
    };
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}
