//! From a token to its user.

use crate::app::App;
use crate::domain::{Status, User};
use crate::error::{Error, Result};

/// The user whose token this is.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not ours, expired or revoked, or its user is gone;
/// [`Error::Disabled`].
pub async fn authenticate(app: &App, token: &str) -> Result<User> {
    let claims = app.tokens.verify(token, app.clock.now())?;
    let user = app.store.user_by_id(&claims.user_id).await?;
    let user = user.ok_or(Error::Unauthenticated("the user is gone"))?;
    if user.token_key != claims.token_key {
        return Err(Error::Unauthenticated("the token was revoked"));
    }
    ensure_active(&user)?;
    Ok(user)
}

/// A disabled user has no valid login.
pub(super) fn ensure_active(user: &User) -> Result<()> {
    match user.status {
        Status::Active => Ok(()),
        Status::Disabled => Err(Error::Disabled),
    }
}
