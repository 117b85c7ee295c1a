//! Logging in, through WeChat or by password.

use std::net::IpAddr;

use super::audit::Login;
use super::authenticate::ensure_active;
use super::{Session, new_user, open_session};
use crate::app::App;
use crate::domain::{IdType, OneTimeCode, OpenId, Phone, PlainPassword, Status, User};
use crate::error::{Error, Result};
use crate::password::Verdict;
use crate::store::{CommitError, Conflict};

/// Logs in whoever got `code` from `wx.login`, as a new user if there is none with that openid.
/// Of concurrent first logins exactly one creates the user.
///
/// # Errors
/// [`Error::CodeRefused`], [`Error::TooMany`], [`Error::Disabled`].
pub async fn wechat_login(app: &App, source: IpAddr, code: &OneTimeCode) -> Result<Session> {
    let login = Login {
        app,
        source,
        way: "wechat",
    };
    let (user, created) = login.begun("", user_of_code(app, source, code).await)?;
    login.done(user.id.clone(), enter(app, user, created).await)
}

async fn user_of_code(app: &App, source: IpAddr, code: &OneTimeCode) -> Result<(User, bool)> {
    let openid = app.wechat.exchange(Some(source), code).await?;
    match app.store.user_by_openid(&openid).await? {
        Some(user) => Ok((user, false)),
        // Boxed: a new user is rare, and its future is large.
        None => Box::pin(first_login(app, openid)).await,
    }
}

async fn enter(app: &App, user: User, created: bool) -> Result<Session> {
    ensure_active(&user)?;
    open_session(app, user, created).await
}

async fn first_login(app: &App, openid: OpenId) -> Result<(User, bool)> {
    let new = new_user(app, openid.clone(), IdType::WeChat)?;
    match app.store.insert(new).await {
        Ok(user) => Ok((user, true)),
        Err(CommitError::Conflict {
            conflict: Conflict::OpenId,
            ..
        }) => {
            let winner = app.store.user_by_openid(&openid).await?;
            let gone = || Error::internal("a user of another first login is gone already");
            Ok((winner.ok_or_else(gone)?, false))
        }
        Err(error) => Err(error.into()),
    }
}

/// How events call a login by password.
const PASSWORD: &str = "password";

/// The user who would log in by `phone`, and was `found` by it.
///
/// # Errors
/// [`Error::PlatformUserNotFound`].
pub fn platform_user(
    app: &App,
    source: IpAddr,
    phone: &Phone,
    found: Option<User>,
) -> Result<User> {
    let user = found.ok_or(Error::PlatformUserNotFound);
    Login {
        app,
        source,
        way: PASSWORD,
    }
    .begun(&phone.masked(), user)
}

/// Logs in a platform user by password.
///
/// Every refusal costs one hash, so that time does not tell them apart.
///
/// # Errors
/// [`Error::NotPlatformUser`], [`Error::WrongPassword`], [`Error::LoginDisabled`], [`Error::NoIdentity`],
/// [`Error::TooMany`].
pub async fn platform_login(
    app: &App,
    source: IpAddr,
    user: User,
    password: PlainPassword,
) -> Result<Session> {
    let (login, id) = (
        Login {
            app,
            source,
            way: PASSWORD,
        },
        user.id.clone(),
    );
    login.done(id, enter_platform(app, source, user, password).await)
}

async fn enter_platform(
    app: &App,
    source: IpAddr,
    user: User,
    password: PlainPassword,
) -> Result<Session> {
    let verdict = app
        .passwords
        .verify(
            Some(source),
            password,
            user.password_hash.clone(),
            app.random.bytes()?,
        )
        .await?;
    if user.id_type != IdType::ManagePlatform {
        return Err(Error::NotPlatformUser);
    }
    if user.email.is_none() {
        return Err(Error::NoIdentity);
    }
    admit(app, user, verdict).await
}

/// Logs in whoever has the password of `user`, of whatever kind, who was named by `identity`; `None` is a user that is not
/// there.
///
/// Every refusal costs one hash, so that time does not tell who is there.
///
/// # Errors
/// [`Error::WrongPassword`], also when there is no user; [`Error::LoginDisabled`], [`Error::TooMany`].
pub async fn password_login(
    app: &App,
    source: IpAddr,
    identity: &str,
    user: Option<User>,
    password: PlainPassword,
) -> Result<Session> {
    let login = Login {
        app,
        source,
        way: PASSWORD,
    };
    let Some(user) = user else {
        let named = Phone::parse(identity)
            .map(|phone| phone.masked())
            .unwrap_or_default();
        let verified = app
            .passwords
            .verify(Some(source), password, None, app.random.bytes()?)
            .await;
        login.begun(&named, verified.map_err(Error::from))?;
        login.failed(&named, &Error::UserNotFound);
        return Err(Error::WrongPassword);
    };
    login.done(
        user.id.clone(),
        enter_by_password(app, source, user, password).await,
    )
}

async fn enter_by_password(
    app: &App,
    source: IpAddr,
    user: User,
    password: PlainPassword,
) -> Result<Session> {
    let verdict = app
        .passwords
        .verify(
            Some(source),
            password,
            user.password_hash.clone(),
            app.random.bytes()?,
        )
        .await?;
    admit(app, user, verdict).await
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

/// A login does not fail because its hash could not be renewed, or because the user has changed; the next one tries again.
/// `updated` stays: the password is the same.
async fn renew_hash(app: &App, user: &User, new_hash: String) {
    let renewed = User {
        password_hash: Some(new_hash),
        ..user.clone()
    };
    if let Err(CommitError::Failed(error)) = app.store.update(user.clone(), renewed).await {
        tracing::warn!(%error, user = %user.id, "a password hash was not renewed");
    }
}
