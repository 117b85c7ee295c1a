//! Verification of tokens: ours, and those of an imported PocketBase.

use super::principal::{Authentication, Principal};
use crate::app::App;
use crate::domain::{IssuedToken, RecordId, TokenKey};
use crate::error::{Error, Result};
use crate::token::{self, Claims, Impersonator, PocketBaseToken, Purpose, RefusalCause, Subject};

/// A token as it was presented: the record of its subject has to confirm it.
pub(super) enum PresentedToken<'a> {
    /// Ours, verified but for the record's token key.
    Ours(Claims),
    /// PocketBase's, of a collection that was imported with the secret that signs its tokens. Nothing of it is verified.
    PocketBase {
        token: PocketBaseToken<'a>,
        subject: Subject,
        secret: String,
    },
}

impl<'a> PresentedToken<'a> {
    pub async fn read(app: &App, token: &'a str) -> Result<Self> {
        match PocketBaseToken::read(token) {
            Some(token) => Self::from_pocketbase(app, token),
            None => Self::ours(app, Purpose::Auth, token).await,
        }
    }

    /// A token of ours for files.
    pub async fn read_for_files(app: &App, token: &str) -> Result<Self> {
        Self::ours(app, Purpose::Files, token).await
    }

    /// A token of ours. One whose key is not known may be of a key that another server has just made.
    async fn ours(app: &App, purpose: Purpose, token: &str) -> Result<Self> {
        let verify = || app.tokens.verify_for(purpose, token, app.clock.now());
        let claims = match verify() {
            Err(token::Error::UnknownKey) if app.store.is_shared() => {
                app.ensure_current_state().await?;
                verify()
            }
            verified => verified,
        }?;
        // One server ends a superuser's token, and the next request with it may come to another one.
        if claims.subject == Subject::Superuser && app.store.is_shared() {
            app.ensure_current_state().await?;
        }
        Ok(Self::Ours(claims))
    }

    fn from_pocketbase(app: &App, token: PocketBaseToken<'a>) -> Result<Self> {
        let known = app.collections();
        let collections = [
            (&known.users, Subject::User),
            (&known.superusers, Subject::Superuser),
        ];
        let its = collections
            .into_iter()
            .find(|(collection, _)| collection.id == token.collection_id());
        let secret =
            its.and_then(|(collection, subject)| Some((subject, collection.token_secret.clone()?)));
        let (subject, secret) = secret
            .filter(|_| app.config.token.accept_pocketbase)
            .ok_or(Error::Unauthenticated(
                "PocketBase's tokens are not accepted",
            ))
            .inspect_err(|_| app.tokens.count_refusal(RefusalCause::NotAccepted))?;
        Ok(Self::PocketBase {
            token,
            subject,
            secret,
        })
    }

    /// The kind and the id of the record that the token says it is for.
    pub fn subject(&self) -> (Subject, &RecordId) {
        match self {
            Self::Ours(claims) => (claims.subject, &claims.id),
            Self::PocketBase { token, subject, .. } => (*subject, token.id()),
        }
    }

    /// Verifies the token with the record of its subject, and with the superusers who took it by impersonation.
    pub async fn verify(&self, app: &App, principal: Principal) -> Result<Authentication> {
        // A token of ours is authentic though revoked: a user who was disabled, which revokes it, is told that.
        if matches!(self, Self::Ours(_)) {
            principal.ensure_active()?;
        }
        self.verify_key(app, principal.token_key())?;
        principal.ensure_active()?;
        let token = self.token();
        if token.is_some_and(|token| app.tokens.ended.has(&token)) {
            return Err(revoked(app));
        }
        let (is_refreshable, impersonators) = match self {
            Self::Ours(claims) => (claims.is_refreshable, claims.impersonators.clone()),
            Self::PocketBase { token, .. } => (token.is_refreshable(), Vec::new()),
        };
        for impersonator in &impersonators {
            ensure_impersonator(app, impersonator).await?;
        }
        Ok(Authentication {
            principal,
            token,
            is_refreshable,
            impersonators,
        })
    }

    fn token(&self) -> Option<IssuedToken> {
        match self {
            Self::Ours(claims) => Some(claims.token),
            Self::PocketBase { token, .. } => token.token(),
        }
    }

    fn verify_key(&self, app: &App, token_key: &TokenKey) -> Result<()> {
        match self {
            Self::Ours(claims) if claims.token_key == *token_key => Ok(()),
            Self::Ours(_) => Err(revoked(app)),
            Self::PocketBase { token, secret, .. } => {
                let verdict = token.verify(token_key, secret, app.clock.now());
                Ok(verdict.inspect_err(|error| app.tokens.count_refusal((*error).into()))?)
            }
        }
    }
}

/// A superuser whose own tokens ended has no tokens of others either.
async fn ensure_impersonator(app: &App, impersonator: &Impersonator) -> Result<()> {
    let superuser = match impersonator.id() {
        Some(id) => app.store.superuser_by_id(&id).await?,
        None => None,
    };
    match superuser {
        Some(superuser) if impersonator.had(&superuser.token_key) => Ok(()),
        _ => Err(revoked(app)),
    }
}

fn revoked(app: &App) -> Error {
    app.tokens.count_refusal(RefusalCause::Revoked);
    Error::Unauthenticated("the token was revoked")
}
