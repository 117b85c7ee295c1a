//! Logins, through WeChat or by password. The last question is a rule of the caller's: whether one may log in as that user.

use super::audit::LoginAudit;
use super::guard::PasswordCheck;
use super::identity::{IdentityField, user_by_identity};
use super::login_rule::LoginRule;
use super::new_user::new_user;
use super::password_purpose::PasswordPurpose;
use super::principal::{Principal, ensure_active};
use super::session::{Session, open_session};
use super::tokens::{superuser_token, user_token};
use super::unionid::with_unionid;
use crate::app::App;
use crate::domain::{
    EventKind, IdType, OneTimeCode, Phone, PlainPassword, Status, Superuser, UnionId, User,
};
use crate::error::{Error, Result};
use crate::limits::Source;
use crate::store::{CommitError, Conflict};
use crate::wechat::Identity;

/// Logs in whoever got `code` from `wx.login`, as a new user if there is none with that openid.
/// Of concurrent first logins exactly one creates the user. A code that failed may be tried again: WeChat knows whether it is used.
///
/// # Errors
/// [`Error::CodeRefused`], [`Error::TooMany`], [`Error::Disabled`].
pub async fn login_wechat(
    app: &App,
    source: Source,
    code: &OneTimeCode,
    rule: &impl LoginRule,
) -> Result<Session> {
    let in_flight = app.limits.once("wechat/login", code.as_str())?;
    in_flight.run(exchange_code(app, source, code, rule)).await
}

async fn exchange_code(
    app: &App,
    source: Source,
    code: &OneTimeCode,
    rule: &impl LoginRule,
) -> Result<Session> {
    let audit = LoginAudit::new(app, source, "wechat");
    let (user, created, unionid) = user_of_code(app, source, code)
        .await
        .inspect_err(|error| audit.failed("", error))?;
    let id = user.id.clone();
    let outcome = match ensure_allowed(&user, rule).await {
        Ok(()) => {
            let user = with_unionid(app, user, unionid).await;
            open_session(app, user, created).await
        }
        Err(error) => Err(error),
    };
    audit.record(kind_of(created), &id, &outcome);
    outcome
}

fn kind_of(created: bool) -> EventKind {
    if created {
        EventKind::Registration
    } else {
        EventKind::Login
    }
}

/// The user, whether it is new, and the unionid that WeChat told.
async fn user_of_code(
    app: &App,
    source: Source,
    code: &OneTimeCode,
) -> Result<(User, bool, Option<UnionId>)> {
    let identity = app.wechat.exchange(Some(source.ip()), code).await?;
    let (user, created) = match app.store.user_by_openid(&identity.openid).await? {
        Some(user) => (user, false),
        // Boxed: a new user is rare, and its future is large.
        None => Box::pin(first_login(app, &identity)).await?,
    };
    Ok((user, created, identity.unionid))
}

async fn ensure_allowed(user: &User, rule: &impl LoginRule) -> Result<()> {
    ensure_active(user)?;
    rule.ensure(user).await
}

async fn first_login(app: &App, identity: &Identity) -> Result<(User, bool)> {
    let Identity { openid, unionid } = identity;
    let new = User {
        unionid: unionid.clone().map(String::from),
        ..new_user(app, openid.clone(), IdType::WeChat)?
    };
    match app.store.insert(new).await {
        Ok(user) => Ok((user, true)),
        Err(CommitError::Conflict {
            conflict: Conflict::OpenId,
            ..
        }) => {
            let winner = app.store.user_by_openid(openid).await?;
            let user = winner.ok_or_else(gone)?;
            Ok((user, false))
        }
        Err(error) => Err(error.into()),
    }
}

fn gone() -> Error {
    Error::internal("a user of another first login is gone already")
}

/// Logs in the platform user with `phone` by password. That nobody has the phone is told at once; every other refusal costs one
/// hash.
///
/// # Errors
/// [`Error::PlatformUserNotFound`], [`Error::NotPlatformUser`], [`Error::WrongPassword`], [`Error::LoginDisabled`],
/// [`Error::NoIdentity`], [`Error::TooMany`], [`Error::TooManyAttempts`].
pub async fn login_platform(
    app: &App,
    source: Source,
    phone: &Phone,
    password: PlainPassword,
    rule: &impl LoginRule,
) -> Result<Session> {
    let in_flight = app
        .limits
        .once("platform/login", (source, phone, &password))?;
    // Boxed: it is large, and beside a hash the box is nothing.
    let verified = Box::pin(verify_platform(app, source, phone, password, rule));
    in_flight.run(verified).await
}

async fn verify_platform(
    app: &App,
    source: Source,
    phone: &Phone,
    password: PlainPassword,
    rule: &impl LoginRule,
) -> Result<Session> {
    let user = app.store.user_by_phone(phone).await?;
    let check = PasswordCheck {
        purpose: PasswordPurpose::PlatformLogin,
        source,
        rule: user.as_ref().map_or(Ok(()), ensure_platform_user),
        account: user,
        name: phone.as_str(),
    };
    check
        .run(app, password, async |user| {
            ensure_enabled(&user)?;
            rule.ensure(&user).await?;
            open_session(app, user, false).await
        })
        .await
}

/// Logs in a user of whatever kind, who is named by one of `fields`. Every refusal costs one hash.
///
/// # Errors
/// [`Error::WrongPassword`], also when there is nobody of that name; [`Error::LoginDisabled`], [`Error::TooMany`],
/// [`Error::TooManyAttempts`].
pub async fn login_user(
    app: &App,
    source: Source,
    identity: &str,
    fields: &[IdentityField],
    password: PlainPassword,
    rule: &impl LoginRule,
) -> Result<(Principal, String)> {
    let user = user_by_identity(app, identity, fields).await?;
    // A phone that nobody has is one name however it is written, as a known one is.
    let phone = Phone::parse(identity).ok();
    let check = PasswordCheck {
        purpose: PasswordPurpose::UserLogin,
        source,
        account: user,
        name: phone.as_ref().map_or(identity, Phone::as_str),
        rule: Ok(()),
    };
    check
        .run(app, password, async |user: User| {
            ensure_enabled(&user)?;
            rule.ensure(&user).await?;
            let token = user_token(app, &user)?;
            Ok((Principal::User(Box::new(user)), token))
        })
        .await
}

/// Logs in a superuser by e-mail address. Every refusal costs one hash.
///
/// # Errors
/// [`Error::WrongPassword`], also when there is no such superuser; [`Error::TooMany`], [`Error::TooManyAttempts`].
pub async fn login_superuser(
    app: &App,
    source: Source,
    email: &str,
    password: PlainPassword,
) -> Result<(Principal, String)> {
    let check = PasswordCheck {
        purpose: PasswordPurpose::SuperuserLogin,
        source,
        account: app.store.superuser_by_email(email).await?,
        name: email,
        rule: Ok(()),
    };
    check
        .run(app, password, async |superuser: Superuser| {
            let token = superuser_token(app, &superuser)?;
            Ok((Principal::Superuser(Box::new(superuser)), token))
        })
        .await
}

fn ensure_platform_user(user: &User) -> Result<()> {
    if user.id_type != IdType::ManagePlatform {
        return Err(Error::NotPlatformUser);
    }
    if user.email.is_none() {
        return Err(Error::NoIdentity);
    }
    Ok(())
}

fn ensure_enabled(user: &User) -> Result<()> {
    match user.status {
        Status::Active => Ok(()),
        Status::Disabled => Err(Error::LoginDisabled),
    }
}
