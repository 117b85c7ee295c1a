//! Superusers: making one, and their logins.

use std::net::IpAddr;

use super::audit;
use super::tokens::superuser_token;
use crate::app::App;
use crate::domain::{Email, PlainPassword, RecordId, Superuser, TokenKey};
use crate::error::{Error, Result};
use crate::password::Verdict;
use crate::store::{CommitError, Conflict};

/// A superuser who has just shown who they are.
pub struct SuperuserSession {
    /// The token to hand out.
    pub token: String,
    /// The superuser.
    pub superuser: Superuser,
}

/// Logs in a superuser by e-mail and password. Every refusal costs one hash, so that time does not tell who is there.
///
/// # Errors
/// [`Error::WrongPassword`], also when there is no such superuser; [`Error::TooMany`].
pub async fn superuser_login(
    app: &App,
    source: IpAddr,
    superuser: Option<Superuser>,
    password: PlainPassword,
) -> Result<SuperuserSession> {
    let id = superuser.as_ref().map(|superuser| superuser.id.clone());
    let outcome = enter(app, source, superuser, password).await;
    audit::superuser_login(app, source, id, outcome.as_ref().err());
    outcome
}

async fn enter(
    app: &App,
    source: IpAddr,
    superuser: Option<Superuser>,
    password: PlainPassword,
) -> Result<SuperuserSession> {
    let hash = superuser
        .as_ref()
        .map(|superuser| superuser.password_hash.clone());
    let verdict = app
        .passwords
        .verify(Some(source), password, hash, app.random.bytes()?)
        .await?;
    let superuser = superuser.ok_or(Error::WrongPassword)?;
    match verdict {
        Verdict::Wrong => return Err(Error::WrongPassword),
        Verdict::Right => {}
        Verdict::Outdated { new_hash } => renew_hash(app, &superuser, new_hash).await,
    }
    Ok(SuperuserSession {
        token: superuser_token(app, &superuser)?,
        superuser,
    })
}

/// A login does not fail because its hash could not be renewed, or because the superuser has changed; the next one tries
/// again. `updated` stays: the password is the same.
async fn renew_hash(app: &App, superuser: &Superuser, new_hash: String) {
    let renewed = Superuser {
        password_hash: new_hash,
        ..superuser.clone()
    };
    if let Err(CommitError::Failed(error)) = app.store.update(superuser.clone(), renewed).await {
        tracing::warn!(%error, superuser = %superuser.id, "a password hash was not renewed");
    }
}

/// Makes a superuser, or says why there can be none.
///
/// # Errors
/// [`Error::TooMany`].
pub async fn create_superuser(
    app: &App,
    email: Email,
    password: PlainPassword,
) -> Result<std::result::Result<Superuser, Conflict>> {
    let now = app.clock.now();
    let superuser = Superuser {
        id: RecordId::from_random(app.random.bytes()?),
        number: 0,
        email: email.into(),
        email_visibility: false,
        verified: true,
        password_hash: app
            .passwords
            .hash(None, password, app.random.bytes()?)
            .await?,
        token_key: TokenKey::new(app.random.bytes::<16>()?),
        created: now,
        updated: now,
    };
    match app.store.insert(superuser).await {
        Ok(superuser) => Ok(Ok(superuser)),
        Err(CommitError::Conflict { conflict, .. }) => Ok(Err(conflict)),
        Err(CommitError::Failed(error)) => Err(error.into()),
    }
}
