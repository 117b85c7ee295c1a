//! New superusers.

use super::new_user::new_token_key;
use super::password::hash_password;
use crate::app::App;
use crate::domain::{Email, PlainPassword, RecordId, Superuser};
use crate::error::Error;
use crate::store::{CommitError, Conflict};

/// Reason why a superuser was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateSuperuserError {
    /// Another record stands in the way.
    #[error("the superuser collides: {0:?}")]
    Conflict(Conflict),
    /// Too many passwords wait, or an error of ours.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Creates a superuser.
pub async fn create_superuser(
    app: &App,
    email: Email,
    password: PlainPassword,
) -> Result<Superuser, CreateSuperuserError> {
    let superuser = new_superuser(app, email, password).await?;
    app.store
        .insert(superuser)
        .await
        .map_err(|error| match error {
            CommitError::Conflict { conflict, .. } => CreateSuperuserError::Conflict(conflict),
            CommitError::Failed(error) => CreateSuperuserError::Failed(error.into()),
        })
}

async fn new_superuser(
    app: &App,
    email: Email,
    password: PlainPassword,
) -> Result<Superuser, Error> {
    let now = app.clock.now();
    Ok(Superuser {
        id: RecordId::from_random(app.random.bytes()?),
        number: 0,
        email: email.into(),
        email_visibility: false,
        verified: true,
        password_hash: hash_password(app, None, password).await?,
        token_key: new_token_key(app)?,
        created: now,
        updated: now,
    })
}
