//! Logging in, through WeChat or by password.

use super::authenticate::ensure_active;
use super::{Session, new_user, open_session};
use crate::app::App;
use crate::domain::{IdType, OneTimeCode, OpenId, Phone, PlainPassword, Status, User};
use crate::error::{Error, Result};
use crate::password::Verdict;
use crate::store::Conflict;

/// Logs in whoever got `code` from `wx.login`, as a new user if there is none with that openid.
/// Of concurrent first logins exactly one creates the user.
///
/// # Errors
/// [`Error::CodeRefused`], [`Error::TooMany`], [`Error::Disabled`].
pub async fn wechat_login(app: &App, code: &OneTimeCode) -> Result<Session> {
    let openid = app.wechat.exchange(code).await?;
    let (user, created) = if let Some(user) = app.store.user_by_openid(&openid).await? {
        (user, false)
    } else {
        // Boxed: a new user is rare, and its future is large.
        Box::pin(first_login(app, openid)).await?
    };
    ensure_active(&user)?;
    open_session(app, user, created).await
}

async fn first_login(app: &App, openid: OpenId) -> Result<(User, bool)> {
    let new = new_user(app, openid, IdType::WeChat)?;
    app.store.find_or_insert_user(new).await?.map_err(unexpected)
}

fn unexpected(conflict: Conflict) -> Error {
    Error::internal(format!("a new WeChat user collides: {conflict:?}"))
}

/// The user who would log in by `phone`.
///
/// # Errors
/// [`Error::PlatformUserNotFound`].
pub async fn platform_user(app: &App, phone: &Phone) -> Result<User> {
    app.store.user_by_phone(phone).await?.ok_or(Error::PlatformUserNotFound)
}

/// Logs in a platform user by password.
///
/// Every refusal costs one hash, so that time does not tell them apart.
///
/// # Errors
/// [`Error::NotPlatformUser`], [`Error::WrongPassword`], [`Error::LoginDisabled`], [`Error::NoIdentity`],
/// [`Error::TooMany`].
pub async fn platform_login(app: &App, user: User, password: PlainPassword) -> Result<Session> {
    let verdict = app.passwords.verify(password, user.password_hash.clone(), app.random.bytes()?).await?;
    if user.id_type != IdType::ManagePlatform {
        return Err(Error::NotPlatformUser);
    }
    if user.email.is_none() {
        return Err(Error::NoIdentity);
    }
    admit(app, user, verdict).await
}

/// Logs in whoever has the password of `user`, of whatever kind; `None` is a user that is not there.
///
/// Every refusal costs one hash, so that time does not tell who is there.
///
/// # Errors
/// [`Error::WrongPassword`], also when there is no user; [`Error::LoginDisabled`], [`Error::TooMany`].
pub async fn password_login(app: &App, user: Option<User>, password: PlainPassword) -> Result<Session> {
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let verdict = app.passwords.verify(password, hash, app.random.bytes()?).await?;
    admit(app, user.ok_or(Error::WrongPassword)?, verdict).await
}

async fn admit(app: &App, user: User, verdict: Verdict) -> Result<Session> {
    match verdict {
        Verdict::Wrong => return Err(Error::WrongPassword),
        Verdict::Right => {}
        Verdict::Outdated { new_hash } => renew_hash(app, &user, new_hash).await,
    }
    if user.status == Status::Disabled {
        return Err(Error::LoginDisabled);
    }
    open_session(app, user, false).await
}

/// A login does not fail because its hash could not be renewed; the next one tries again.
async fn renew_hash(app: &App, user: &User, new_hash: String) {
    let old_hash = user.password_hash.clone().unwrap_or_default();
    if let Err(error) = app.store.replace_password_hash(user.id.clone(), old_hash, new_hash).await {
        tracing::warn!(%error, user = %user.id, "a password hash was not renewed");
    }
}
