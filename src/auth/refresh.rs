//! Refresh of tokens: a new token for an old one, or for a WeChat code.

use super::audit::LoginAudit;
use super::authenticate::authenticate;
use super::login_rule::LoginRule;
use super::principal::{Authentication, Principal, ensure_active};
use super::tokens::{superuser_token, user_token};
use super::unionid::with_unionid;
use crate::app::App;
use crate::domain::{EventKind, OneTimeCode, UnionId, User};
use crate::error::{Error, NO_TOKEN, Result};
use crate::limits::Source;

/// A new token for a user's `token`; if that is not valid, for the user of `code`, which is a login.
///
/// # Errors
/// [`Error::Unauthenticated`] without a code; [`Error::CodeRefused`], [`Error::TooMany`], [`Error::UserNotFound`],
/// [`Error::Disabled`].
pub async fn refresh(
    app: &App,
    source: Source,
    token: Option<&str>,
    code: Option<OneTimeCode>,
    rule: &impl LoginRule,
) -> Result<String> {
    match (authenticate_user(app, token).await, code) {
        (Ok((token, caller)), _) => {
            if let Principal::User(user) = &caller.principal {
                rule.ensure(user).await?;
            }
            refresh_token(app, token, &caller)
        }
        (Err(Error::Unauthenticated(_)), Some(code)) => {
            token_for_code(app, source, &code, rule).await
        }
        (Err(error), _) => Err(error),
    }
}

/// A new token for the caller's `token`; the same one, as PocketBase has it, if it is not to be refreshed.
///
/// # Errors
/// [`Error::TooMany`].
pub fn refresh_token(app: &App, token: &str, caller: &Authentication) -> Result<String> {
    if !caller.is_refreshable {
        return Ok(token.to_owned());
    }
    app.limits.refresh(caller.principal.id())?;
    match &caller.principal {
        Principal::User(user) => user_token(app, user),
        Principal::Superuser(superuser) => superuser_token(app, superuser),
    }
}

async fn authenticate_user<'a>(
    app: &App,
    token: Option<&'a str>,
) -> Result<(&'a str, Authentication)> {
    let token = token.ok_or(Error::Unauthenticated(NO_TOKEN))?;
    let caller = authenticate(app, token).await?;
    match caller.principal {
        Principal::User(_) => Ok((token, caller)),
        Principal::Superuser(_) => Err(Error::Unauthenticated("a superuser's token")),
    }
}

async fn token_for_code(
    app: &App,
    source: Source,
    code: &OneTimeCode,
    rule: &impl LoginRule,
) -> Result<String> {
    let in_flight = app.limits.once("refresh-token", code.as_str())?;
    in_flight.run(exchange_code(app, source, code, rule)).await
}

async fn exchange_code(
    app: &App,
    source: Source,
    code: &OneTimeCode,
    rule: &impl LoginRule,
) -> Result<String> {
    let audit = LoginAudit::new(app, source, "wechat code for a token");
    let (user, unionid) = user_of_code(app, source, code)
        .await
        .inspect_err(|error| audit.failed("", error))?;
    let id = user.id.clone();
    let outcome = token_of_active(app, user, unionid, rule).await;
    audit.record(EventKind::Login, &id, &outcome);
    outcome
}

async fn token_of_active(
    app: &App,
    user: User,
    unionid: Option<UnionId>,
    rule: &impl LoginRule,
) -> Result<String> {
    ensure_active(&user)?;
    rule.ensure(&user).await?;
    user_token(app, &with_unionid(app, user, unionid).await)
}

/// The user, and the unionid that WeChat told.
async fn user_of_code(
    app: &App,
    source: Source,
    code: &OneTimeCode,
) -> Result<(User, Option<UnionId>)> {
    let identity = app.wechat.exchange(Some(source.ip()), code).await?;
    let user = app.store.user_by_openid(&identity.openid).await?;
    Ok((user.ok_or(Error::UserNotFound)?, identity.unionid))
}
