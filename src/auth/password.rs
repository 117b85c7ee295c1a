//! New passwords, and old ones that allow a change.

use super::guard::PasswordCheck;
use super::password_purpose::PasswordPurpose;
use crate::app::App;
use crate::domain::{PlainPassword, User};
use crate::error::{Error, Result};
use crate::limits::Source;

/// The hash of a new password, to be stored with a new token key. The operator and superusers, who have no `source` here, may
/// have as many hashed as they like.
///
/// # Errors
/// [`Error::TooMany`], [`Error::TooManyAttempts`].
pub async fn hash_password(
    app: &App,
    source: Option<Source>,
    password: PlainPassword,
) -> Result<String> {
    if let Some(source) = source {
        app.limits.password_hash(source)?;
    }
    let salt = app.random.bytes()?;
    Ok(app
        .passwords
        .hash(source.map(Source::ip), password, salt)
        .await?)
}

/// Whether `old` is the password of `user`, who wants to change what it protects. It may be a guess of somebody with a stolen
/// token, and is counted as at a login. Of a user without a password none is, and that takes as long to find out; what cannot
/// be a password is none.
///
/// # Errors
/// [`Error::TooMany`], [`Error::TooManyAttempts`].
pub async fn verify_old_password(
    app: &App,
    source: Source,
    user: &User,
    old: &str,
) -> Result<bool> {
    if old.is_empty() {
        return Ok(false);
    }
    let Ok(old) = PlainPassword::attempt(old.to_owned()) else {
        return Ok(false);
    };
    let check = PasswordCheck {
        purpose: PasswordPurpose::OldPassword,
        source,
        account: Some(user.clone()),
        name: "",
        rule: Ok(()),
    };
    match check.run(app, old, async |_| Ok(())).await {
        Ok(()) => Ok(true),
        Err(Error::WrongPassword) => Ok(false),
        Err(error) => Err(error),
    }
}
