//! Upload of a user's picture.

use super::audit::AuditContext;
use crate::app::App;
use crate::avatars::{self, Unfit};
use crate::domain::{Avatar, AvatarName, EventKind, ImageFormat, RecordId, User, own_picture_name};
use crate::error::{Error, Result};
use crate::store::{CommitError, Conflict, Store};

/// Attempts at a user whom others, who do not lock the record, change at the same time.
const ATTEMPTS: usize = 8;
/// Random characters of a name.
const RANDOM_CHARS: usize = 10;

/// Reason why a picture is not stored.
#[derive(Debug, thiserror::Error)]
pub enum AvatarError {
    /// It is none that is taken.
    #[error(transparent)]
    Unfit(Unfit),
    /// All pictures together have as many bytes as they may.
    #[error("there is no room for another picture; see avatars.total_mib")]
    NoRoom,
    /// Another reason, as everywhere.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<avatars::Failed> for AvatarError {
    fn from(failed: avatars::Failed) -> Self {
        match failed {
            avatars::Failed::Unfit(unfit) => Self::Unfit(unfit),
            avatars::Failed::Busy => Self::Failed(Error::busy()),
        }
    }
}

/// Stores the picture of `user` in place of the one before, and returns its name. If `users_picture` led to that, it leads to this one
/// from the same moment on. `room` is asked for memory when the picture is decoded.
///
/// # Errors
/// [`AvatarError`].
pub async fn upload_avatar<R: Send + 'static>(
    app: &App,
    by: &AuditContext,
    user: User,
    bytes: Vec<u8>,
    room: impl Fn() -> Option<R>,
) -> Result<AvatarName, AvatarError> {
    let (bytes, format) = app.pictures.check(bytes, room).await?;
    let avatar = Avatar {
        name: new_name(app, format)?,
        format,
        uploaded: app.clock.now(),
        bytes,
    };
    let name = avatar.name.clone();
    let id = user.id.clone();
    store(app, user, avatar).await?;
    let event = by.event(app, EventKind::ProfileChange).about(id.as_str());
    app.audit(event.detail("picture"));
    Ok(name)
}

/// Address of a user's picture as it is stored when somebody sets `picture`: an own one that is gone, such as that of a request
/// that came late, leads to the one that is there.
pub async fn living_picture(store: &Store, id: &RecordId, picture: &str) -> Result<String> {
    let name = own_picture_name(picture, id).filter(|_| picture.contains('/'));
    let Some(name) = name else {
        return Ok(picture.to_owned());
    };
    Ok(match store.avatar(id).await? {
        Some(stored) if stored.name != name => with_name(picture, &name, &stored.name),
        _ => picture.to_owned(),
    })
}

/// A name that no picture had before.
fn new_name(app: &App, format: ImageFormat) -> Result<AvatarName> {
    let random = RecordId::from_random(app.random.bytes()?);
    let random = &random.as_str()[..RANDOM_CHARS];
    let name = format!("avatar_{random}.{}", format.extension());
    AvatarName::parse(&name).ok_or_else(|| Error::internal(format!("{name} is no name")))
}

async fn store(app: &App, user: User, avatar: Avatar) -> Result<User, AvatarError> {
    let _lock = app.store.lock([&user.id]).await;
    let most = app.config.avatars.total_bytes();
    let mut before = user;
    for _ in 0..ATTEMPTS {
        let after = with_avatar(before.clone(), &avatar);
        let id = before.id.clone();
        let stored = app.store.set_avatar(before, after, avatar.clone(), most);
        match stored.await {
            Err(CommitError::Conflict {
                conflict: Conflict::Changed,
                ..
            }) => before = read_again(app, &id).await?,
            outcome => return outcome.map_err(refusal),
        }
    }
    let changes = Error::internal(format!("user {} changes all the time", before.id));
    Err(changes.into())
}

async fn read_again(app: &App, id: &RecordId) -> Result<User> {
    app.store.user_by_id(id).await?.ok_or(GONE)
}

const GONE: Error = Error::Unauthenticated("the user is gone");

fn refusal(error: CommitError) -> AvatarError {
    match error {
        CommitError::Conflict {
            conflict: Conflict::NoRoom,
            ..
        } => AvatarError::NoRoom,
        CommitError::Conflict {
            conflict: Conflict::NoSuchRecord,
            ..
        } => GONE.into(),
        other => Error::from(other).into(),
    }
}

/// The user with this picture: changed if the address that was set leads to the one before.
fn with_avatar(user: User, avatar: &Avatar) -> User {
    let Some(old) = own_picture_name(&user.picture, &user.id) else {
        return user;
    };
    User {
        picture: with_name(&user.picture, &old, &avatar.name),
        updated: avatar.uploaded,
        ..user
    }
}

/// An address with another name at the end of its path.
fn with_name(address: &str, old: &AvatarName, new: &AvatarName) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (path, query) = address.split_at(end);
    let folder = path.strip_suffix(old.as_str()).unwrap_or(path);
    format!("{folder}{new}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_all_but_the_name() {
        let [old, new] = ["a", "new.png"].map(|name| AvatarName::parse(name).unwrap());
        for (address, expected) in [
            (
                "https://a.example/api/files/c/id/a",
                "https://a.example/api/files/c/id/new.png",
            ),
            (
                "/api/files/c/id/a?thumb=a",
                "/api/files/c/id/new.png?thumb=a",
            ),
            ("a", "new.png"),
        ] {
            assert_eq!(with_name(address, &old, &new), expected);
        }
    }
}
