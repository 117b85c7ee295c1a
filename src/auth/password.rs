//! Passwords that are set and that allow it.

use crate::app::App;
use crate::domain::{PlainPassword, User};
use crate::error::Result;
use crate::fair::Asker;
use crate::password::Verdict;

/// The hash of a new password, to be stored with a new token key.
///
/// # Errors
/// [`crate::error::Error::TooMany`].
pub async fn hash_password(app: &App, asker: Asker, password: PlainPassword) -> Result<String> {
    Ok(app
        .passwords
        .hash(asker, password, app.random.bytes()?)
        .await?)
}

/// Whether `attempt` is the password of `user`. Of a user without a password none is, and that takes as long to find out.
///
/// # Errors
/// [`crate::error::Error::TooMany`].
pub async fn is_password_of(
    app: &App,
    asker: Asker,
    user: &User,
    attempt: PlainPassword,
) -> Result<bool> {
    let verdict = app
        .passwords
        .verify(
            asker,
            attempt,
            user.password_hash.clone(),
            app.random.bytes()?,
        )
        .await?;
    Ok(verdict != Verdict::Wrong)
}
