//! Tokens that are issued to users and superusers.

use std::time::Duration;

use super::principal::{Authentication, Principal};
use crate::app::App;
use crate::domain::{Collections, Superuser, User};
use crate::error::Result;
use crate::token::{Grant, Impersonator, Purpose, Subject};

/// Lifetime of a token for files, as PocketBase has it.
const FILE_TOKEN_LIFETIME: Duration = Duration::from_mins(3);

/// A new token for `user`.
pub(super) fn user_token(app: &App, user: &User) -> Result<String> {
    let collections = app.collections();
    Ok(app
        .tokens
        .issue(&user_grant(app, &collections, user), app.clock.now())?)
}

/// A new token for `superuser`.
pub(super) fn superuser_token(app: &App, superuser: &Superuser) -> Result<String> {
    let collections = app.collections();
    let grant = superuser_grant(app, &collections, superuser);
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}

/// A new token of `principal` for `impersonators`, which cannot be refreshed.
pub(super) fn impersonation_token(
    app: &App,
    principal: &Principal,
    lifetime: Duration,
    impersonators: &[Impersonator],
) -> Result<String> {
    let collections = app.collections();
    let grant = Grant {
        lifetime,
        is_refreshable: false,
        impersonators,
        ..auth_grant(app, &collections, principal)
    };
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}

/// A new token for files: it may stand in a link, because it lives for minutes and lets nobody in elsewhere. It has the
/// impersonators of the caller's token.
pub fn file_token(app: &App, caller: &Authentication) -> Result<String> {
    let collections = app.collections();
    let grant = Grant {
        purpose: Purpose::Files,
        lifetime: FILE_TOKEN_LIFETIME,
        is_refreshable: false,
        impersonators: &caller.impersonators,
        ..auth_grant(app, &collections, &caller.principal)
    };
    Ok(app.tokens.issue(&grant, app.clock.now())?)
}

fn auth_grant<'a>(
    app: &'a App,
    collections: &'a Collections,
    principal: &'a Principal,
) -> Grant<'a> {
    match principal {
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
        impersonators: &[],
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
        impersonators: &[],
    }
}
