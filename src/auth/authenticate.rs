//! From a token to whose it is.

use crate::app::App;
use crate::domain::{RecordId, Status, Superuser, User};
use crate::error::{Error, Result};
use crate::store::Record;
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

impl Who {
    /// The id of the record.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        match self {
            Self::User(user) => &user.id,
            Self::Superuser(superuser) => &superuser.id,
        }
    }

    /// Whether both are the same record.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.id() == other.id()
    }
}

/// The user whose token this is.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not ours, not a user's, expired or revoked, or its user is gone;
/// [`Error::Disabled`].
pub async fn authenticate(app: &App, token: &str) -> Result<User> {
    match caller(app, token).await?.who {
        Who::User(user) => Ok(*user),
        Who::Superuser(_) => Err(Error::Unauthenticated("a superuser's token")),
    }
}

/// Whose token this is.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not ours, expired or revoked, or whose it was is gone;
/// [`Error::Disabled`].
pub async fn caller(app: &App, token: &str) -> Result<Caller> {
    let claims = app.tokens.verify(token, app.clock.now())?;
    let who = find(app, &claims).await?.ok_or(Error::Unauthenticated("whose token it was is gone"))?;
    admit(who, &claims)
}

/// Whose token this is, as [`caller`] tells, if `record` is as a change shows it, whatever became of it since: who was
/// deleted may be told so.
///
/// # Errors
/// As [`caller`].
pub async fn caller_beside(app: &App, token: &str, record: &Record) -> Result<Caller> {
    let claims = app.tokens.verify(token, app.clock.now())?;
    let who = match (claims.subject, record) {
        (Subject::User, Record::User(user)) if user.id == claims.id => Who::User(Box::new(user.clone())),
        (Subject::Superuser, Record::Superuser(superuser)) if superuser.id == claims.id => {
            Who::Superuser(Box::new(superuser.clone()))
        }
        _ => return caller(app, token).await,
    };
    admit(who, &claims)
}

async fn find(app: &App, claims: &Claims) -> Result<Option<Who>> {
    Ok(match claims.subject {
        Subject::User => app.store.user_by_id(&claims.id).await?.map(|user| Who::User(Box::new(user))),
        Subject::Superuser => {
            app.store.superuser_by_id(&claims.id).await?.map(|superuser| Who::Superuser(Box::new(superuser)))
        }
    })
}

fn admit(who: Who, claims: &Claims) -> Result<Caller> {
    let token_key = match &who {
        Who::User(user) => &user.token_key,
        Who::Superuser(superuser) => &superuser.token_key,
    };
    if *token_key != claims.token_key {
        return Err(Error::Unauthenticated("the token was revoked"));
    }
    if let Who::User(user) = &who {
        ensure_active(user)?;
    }
    Ok(Caller { who, is_refreshable: claims.is_refreshable })
}

/// A disabled user has no valid login.
pub(super) fn ensure_active(user: &User) -> Result<()> {
    match user.status {
        Status::Active => Ok(()),
        Status::Disabled => Err(Error::Disabled),
    }
}
