//! Authentication: the principal that a token stands for.

use super::presented_token::PresentedToken;
use super::principal::{Authentication, Principal};
use crate::app::App;
use crate::domain::User;
use crate::error::{Error, Result};
use crate::store::Record;
use crate::token::Subject;

/// The user that `token` stands for.
///
/// # Errors
/// Those of [`authenticate`]; also when it stands for a superuser.
pub async fn authenticate_user(app: &App, token: &str) -> Result<User> {
    match authenticate(app, token).await?.principal {
        Principal::User(user) => Ok(*user),
        Principal::Superuser(_) => Err(Error::Unauthenticated("a superuser's token")),
    }
}

/// The user or superuser that `token` stands for.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not valid, expired or revoked, or its record is gone; [`Error::Disabled`].
pub async fn authenticate(app: &App, token: &str) -> Result<Authentication> {
    authenticate_with_record(app, &PresentedToken::read(app, token).await?).await
}

/// The user or superuser that a token for files stands for.
///
/// # Errors
/// Those of [`authenticate`].
pub async fn authenticate_file_token(app: &App, token: &str) -> Result<Authentication> {
    authenticate_with_record(app, &PresentedToken::read_for_files(app, token).await?).await
}

/// The user or superuser that `token` stands for, with `record`, if that is its own, as a change shows it, whatever became of it
/// since: a user who was deleted may be told so.
///
/// # Errors
/// Those of [`authenticate`].
pub async fn authenticate_as_of(app: &App, token: &str, record: &Record) -> Result<Authentication> {
    let presented = PresentedToken::read(app, token).await?;
    let principal = match (presented.subject(), record) {
        ((Subject::User, id), Record::User(user)) if user.id == *id => {
            Principal::User(Box::new(user.clone()))
        }
        ((Subject::Superuser, id), Record::Superuser(superuser)) if superuser.id == *id => {
            Principal::Superuser(Box::new(superuser.clone()))
        }
        _ => return authenticate(app, token).await,
    };
    presented.verify(app, principal).await
}

async fn authenticate_with_record(
    app: &App,
    presented: &PresentedToken<'_>,
) -> Result<Authentication> {
    let principal = find_principal(app, presented)
        .await?
        .ok_or(Error::Unauthenticated("whose token it was is gone"))?;
    presented.verify(app, principal).await
}

async fn find_principal(app: &App, presented: &PresentedToken<'_>) -> Result<Option<Principal>> {
    Ok(match presented.subject() {
        (Subject::User, id) => app
            .store
            .user_by_id(id)
            .await?
            .map(|user| Principal::User(Box::new(user))),
        (Subject::Superuser, id) => app
            .store
            .superuser_by_id(id)
            .await?
            .map(|superuser| Principal::Superuser(Box::new(superuser))),
    })
}
