//! From a token to whose it is.

use crate::app::App;
use crate::domain::{Status, Superuser, User};
use crate::error::{Error, Result};
use crate::token::{Claims, Subject};

/// Somebody who has shown a valid token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub who: Who,
    /// Whether a new token may be had for the one that was shown.
    pub is_refreshable: bool,
}

/// A user or a superuser.
#[derive(Clone, Debug)]
pub enum Who {
    /// A user.
    User(Box<User>),
    /// A superuser.
    Superuser(Box<Superuser>),
}

/// The user whose token this is.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not ours, not a user's, expired or revoked, or its user is gone;
/// [`Error::Disabled`].
pub async fn authenticate(app: &App, token: &str) -> Result<User> {
    let claims = app.tokens.verify(token, app.clock.now())?;
    match claims.subject {
        Subject::User => user(app, &claims).await,
        Subject::Superuser => Err(Error::Unauthenticated("a superuser's token")),
    }
}

/// Whose token this is.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not ours, expired or revoked, or whose it was is gone;
/// [`Error::Disabled`].
pub async fn caller(app: &App, token: &str) -> Result<Caller> {
    let claims = app.tokens.verify(token, app.clock.now())?;
    let who = match claims.subject {
        Subject::User => Who::User(Box::new(user(app, &claims).await?)),
        Subject::Superuser => Who::Superuser(Box::new(superuser(app, &claims).await?)),
    };
    Ok(Caller { who, is_refreshable: claims.is_refreshable })
}

async fn user(app: &App, claims: &Claims) -> Result<User> {
    let user = app.store.user_by_id(&claims.id).await?;
    let user = user.ok_or(Error::Unauthenticated("the user is gone"))?;
    if user.token_key != claims.token_key {
        return Err(Error::Unauthenticated("the token was revoked"));
    }
    ensure_active(&user)?;
    Ok(user)
}

async fn superuser(app: &App, claims: &Claims) -> Result<Superuser> {
    let superuser = app.store.superuser_by_id(&claims.id).await?;
    let superuser = superuser.ok_or(Error::Unauthenticated("the superuser is gone"))?;
    if superuser.token_key != claims.token_key {
        return Err(Error::Unauthenticated("the token was revoked"));
    }
    Ok(superuser)
}

/// A disabled user has no valid login.
pub(super) fn ensure_active(user: &User) -> Result<()> {
    match user.status {
        Status::Active => Ok(()),
        Status::Disabled => Err(Error::Disabled),
    }
}
