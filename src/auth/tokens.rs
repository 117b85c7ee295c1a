//! Tokens for users and superusers.

use std::time::Duration;

use super::authenticate::{Caller, Principal};
use crate::app::App;
use crate::domain::{Collections, Superuser, User};
use crate::error::Result;
use crate::token::{Grant, Maker, Purpose, Subject};

/// How long a token for files is valid, as PocketBase has it.
const FILE_TOKEN_LIFETIME: Duration = Duration::from_mins(3);

/// A new token for `user`.
///
/// # Errors
/// Only errors of ours.
pub(super) fn user_token(app: &App, user: &User) -> Result<String> {
    let collections = app.collections();
    Ok(app
        .tokens
        .issue(&user_grant(app, &collections, user), app.clock.now())?)
}

/// A new token for `superuser`.
///
/// # Errors
/// Only errors of ours.
pub(super) fn superuser_token(app: &App, superuser: &Superuser) -> Result<String> {
    let collections = app.collections();
    let grant = superuser_grant(app, &collections, superuser);
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}

/// A new token of `who` for `makers`, for which no other one can be had.
pub(super) fn token_for_others(
    app: &App,
    who: &Principal,
    lifetime: Duration,
    makers: &[Maker],
) -> Result<String> {
    let collections = app.collections();
    let grant = Grant {
        lifetime,
        is_refreshable: false,
        makers,
        ..usual_grant(app, &collections, who)
    };
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}

/// A new token for files: it may stand in a link, because it lives for minutes and lets nobody in elsewhere. It ends with the
/// superusers with whom the caller's token ends.
///
/// # Errors
/// Only errors of ours.
pub fn file_token(app: &App, caller: &Caller) -> Result<String> {
    let collections = app.collections();
    let grant = Grant {
        purpose: Purpose::Files,
        lifetime: FILE_TOKEN_LIFETIME,
        is_refreshable: false,
        makers: &caller.makers,
        ..usual_grant(app, &collections, &caller.who)
    };
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}

fn usual_grant<'a>(app: &'a App, collections: &'a Collections, who: &'a Principal) -> Grant<'a> {
    match who {
        Principal::User(user) => user_grant(app, collections, user),
        Principal::Superuser(superuser) => superuser_grant(app, collections, superuser),
    }
}

fn user_grant<'a>(app: &'a App, collections: &'a Collections, user: &'a User) -> Grant<'a> {
    Grant {
        purpose: Purpose::Auth,
        subject: Subject::User,
        id: &user.id,
        token_key: &user.token_key,
        collection_id: &collections.users.id,
        lifetime: app.config.token.lifetime,
        is_refreshable: true,
        makers: &[],
    }
}

fn superuser_grant<'a>(
    app: &'a App,
    collections: &'a Collections,
    superuser: &'a Superuser,
) -> Grant<'a> {
    Grant {
        purpose: Purpose::Auth,
        subject: Subject::Superuser,
        id: &superuser.id,
        token_key: &superuser.token_key,
        collection_id: &collections.superusers.id,
        lifetime: app.config.token.superuser_lifetime,
        is_refreshable: true,
        makers: &[],
    }
}
