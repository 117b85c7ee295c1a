//! From a token to whose it is.

use crate::app::App;
use crate::domain::{RecordId, Status, Superuser, TokenKey, User};
use crate::error::{Error, Result};
use crate::store::Record;
use crate::token::{Cause, Claims, Maker, PocketBaseToken, Purpose, Subject};

/// Somebody who has shown a valid token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub who: Principal,
    /// Whether a new token may be had for the one that was shown.
    pub is_refreshable: bool,
    /// Superusers with whose tokens this one ends, because it was taken by impersonation.
    pub makers: Vec<Maker>,
}

/// A user or a superuser.
#[derive(Clone, Debug)]
pub enum Principal {
    /// A user.
    User(Box<User>),
    /// A superuser.
    Superuser(Box<Superuser>),
}

impl Principal {
    /// The id of the record.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        match self {
            Self::User(user) => &user.id,
            Self::Superuser(superuser) => &superuser.id,
        }
    }

    pub(super) fn token_key(&self) -> &TokenKey {
        match self {
            Self::User(user) => &user.token_key,
            Self::Superuser(superuser) => &superuser.token_key,
        }
    }

    fn ensure_active(&self) -> Result<()> {
        match self {
            Self::User(user) => ensure_active(user),
            Self::Superuser(_) => Ok(()),
        }
    }

    /// Whether both are the same record.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.id() == other.id()
    }
}

impl From<Principal> for Record {
    fn from(who: Principal) -> Self {
        match who {
            Principal::User(user) => Self::User(*user),
            Principal::Superuser(superuser) => Self::Superuser(*superuser),
        }
    }
}

/// The user whose token this is.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not valid, not a user's, expired or revoked, or its user is gone;
/// [`Error::Disabled`].
pub async fn authenticate(app: &App, token: &str) -> Result<User> {
    match caller(app, token).await?.who {
        Principal::User(user) => Ok(*user),
        Principal::Superuser(_) => Err(NOT_A_USER),
    }
}

/// Whose token this is, who has to be a user.
pub(super) async fn user_caller(app: &App, token: &str) -> Result<Caller> {
    let caller = caller(app, token).await?;
    match caller.who {
        Principal::User(_) => Ok(caller),
        Principal::Superuser(_) => Err(NOT_A_USER),
    }
}

const NOT_A_USER: Error = Error::Unauthenticated("a superuser's token");

/// Whose token this is.
///
/// # Errors
/// [`Error::Unauthenticated`] when the token is not valid, expired or revoked, or whose it was is gone;
/// [`Error::Disabled`].
pub async fn caller(app: &App, token: &str) -> Result<Caller> {
    let shown = Shown::read(app, token)?;
    let who = find(app, &shown)
        .await?
        .ok_or(Error::Unauthenticated("whose token it was is gone"))?;
    shown.admit(app, who).await
}

/// Whose token for files this is.
///
/// # Errors
/// As [`caller`].
pub async fn file_caller(app: &App, token: &str) -> Result<Caller> {
    let shown = Shown::Ours(
        app.tokens
            .verify_for(Purpose::Files, token, app.clock.now())?,
    );
    let who = find(app, &shown)
        .await?
        .ok_or(Error::Unauthenticated("whose token it was is gone"))?;
    shown.admit(app, who).await
}

/// Whose token this is, as [`caller`] tells, if `record` is as a change shows it, whatever became of it since: who was
/// deleted may be told so.
///
/// # Errors
/// As [`caller`].
pub async fn caller_beside(app: &App, token: &str, record: &Record) -> Result<Caller> {
    let shown = Shown::read(app, token)?;
    let who = match (shown.whose(), record) {
        ((Subject::User, id), Record::User(user)) if user.id == *id => {
            Principal::User(Box::new(user.clone()))
        }
        ((Subject::Superuser, id), Record::Superuser(superuser)) if superuser.id == *id => {
            Principal::Superuser(Box::new(superuser.clone()))
        }
        _ => return caller(app, token).await,
    };
    shown.admit(app, who).await
}

async fn find(app: &App, shown: &Shown<'_>) -> Result<Option<Principal>> {
    Ok(match shown.whose() {
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

/// A token that was shown; whose it says it is, the record has to confirm.
enum Shown<'a> {
    /// Ours, verified but for the record's token key.
    Ours(Claims),
    /// PocketBase's, of a collection that was imported with the secret that signs its tokens. Nothing of it is verified.
    PocketBase {
        token: PocketBaseToken<'a>,
        subject: Subject,
        secret: String,
    },
}

impl<'a> Shown<'a> {
    fn read(app: &App, token: &'a str) -> Result<Self> {
        match PocketBaseToken::read(token) {
            Some(token) => Self::from_pocketbase(app, token),
            None => Ok(Self::Ours(app.tokens.verify(token, app.clock.now())?)),
        }
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
            .inspect_err(|_| app.tokens.note_refused(Cause::NotAccepted))?;
        Ok(Self::PocketBase {
            token,
            subject,
            secret,
        })
    }

    fn whose(&self) -> (Subject, &RecordId) {
        match self {
            Self::Ours(claims) => (claims.subject, &claims.id),
            Self::PocketBase { token, subject, .. } => (*subject, token.id()),
        }
    }

    /// Compares the token with the record that it says it is for, and with those who took it by impersonation.
    async fn admit(&self, app: &App, who: Principal) -> Result<Caller> {
        // Ours is authentic, though revoked: whoever was disabled, which revokes it, is told that.
        if matches!(self, Self::Ours(_)) {
            who.ensure_active()?;
        }
        self.fits(app, who.token_key())?;
        who.ensure_active()?;
        let (is_refreshable, makers) = match self {
            Self::Ours(claims) => (claims.is_refreshable, claims.makers.clone()),
            Self::PocketBase { token, .. } => (token.is_refreshable(), Vec::new()),
        };
        for maker in &makers {
            ensure_there(app, maker).await?;
        }
        Ok(Caller {
            who,
            is_refreshable,
            makers,
        })
    }

    fn fits(&self, app: &App, token_key: &TokenKey) -> Result<()> {
        match self {
            Self::Ours(claims) if claims.token_key == *token_key => Ok(()),
            Self::Ours(_) => Err(revoked(app)),
            Self::PocketBase { token, secret, .. } => {
                let verdict = token.verify(token_key, secret, app.clock.now());
                Ok(verdict.inspect_err(|error| app.tokens.note_refused((*error).into()))?)
            }
        }
    }
}

/// A superuser whose tokens ended has no tokens of others either.
async fn ensure_there(app: &App, maker: &Maker) -> Result<()> {
    let superuser = match maker.id() {
        Some(id) => app.store.superuser_by_id(&id).await?,
        None => None,
    };
    match superuser {
        Some(superuser) if maker.had(&superuser.token_key) => Ok(()),
        _ => Err(revoked(app)),
    }
}

fn revoked(app: &App) -> Error {
    app.tokens.note_refused(Cause::Revoked);
    Error::Unauthenticated("the token was revoked")
}

/// A disabled user has no valid login.
pub(super) fn ensure_active(user: &User) -> Result<()> {
    match user.status {
        Status::Active => Ok(()),
        Status::Disabled => Err(Error::Disabled),
    }
}
