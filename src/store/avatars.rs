//! Avatars: pictures of users, in a table of their own that no login and no list reads.

use super::handle::Engine;
use super::{CommitError, Conflict, Error, Store, Write};
use crate::domain::{Avatar, AvatarTotals, RecordId, User};
use crate::store::Record;

impl Store {
    /// The picture of a user.
    pub async fn avatar(&self, user: &RecordId) -> Result<Option<Avatar>, Error> {
        match &self.engine {
            Engine::File(file) => file.avatar(user),
            Engine::Postgres(postgres) => postgres.avatar(user).await,
        }
    }

    /// The pictures of all users together.
    pub async fn avatar_totals(&self) -> Result<AvatarTotals, Error> {
        match &self.engine {
            Engine::File(file) => file.avatar_totals(),
            Engine::Postgres(postgres) => postgres.avatar_totals().await,
        }
    }

    /// Writes a user's picture in the place of the one before, in one commit with the change of the user from `before` to `after`,
    /// which may be the same.
    ///
    /// # Errors
    /// [`Conflict::Changed`], [`Conflict::NoSuchRecord`]; [`Conflict::NoRoom`] when all pictures would take more than `max_total_bytes`.
    pub async fn set_avatar(
        &self,
        before: User,
        after: User,
        avatar: Avatar,
        max_total_bytes: u64,
    ) -> Result<User, CommitError> {
        let mut change = Write::update(before, after);
        change.prepare()?;
        let notices = self.outbox.notices(std::slice::from_ref(&change))?;
        let tells = !notices.list.is_empty();
        let written = match &self.engine {
            Engine::File(file) => {
                file.set_avatar(change, avatar, max_total_bytes, notices)
                    .await
            }
            Engine::Postgres(postgres) => {
                postgres
                    .set_avatar(change, avatar, max_total_bytes, notices)
                    .await
            }
        };
        self.tell(tells);
        into_user(written?)
    }

    /// Writes pictures in the places of those before; how many: users who are not there have none.
    pub async fn put_avatars(&self, avatars: Vec<(RecordId, Avatar)>) -> Result<u64, Error> {
        match &self.engine {
            Engine::File(file) => file.put_avatars(avatars).await,
            Engine::Postgres(postgres) => postgres.put_avatars(avatars).await,
        }
    }

    /// Removes the picture of a user; whether there was one.
    pub async fn remove_avatar(&self, user: &RecordId) -> Result<bool, Error> {
        match &self.engine {
            Engine::File(file) => file.remove_avatar(user.clone()).await,
            Engine::Postgres(postgres) => postgres.remove_avatar(user.clone()).await,
        }
    }
}

fn into_user(written: Result<Record, Conflict>) -> Result<User, CommitError> {
    match written {
        Ok(record) => Ok(User::try_from(record)?),
        Err(conflict) => Err(CommitError::Conflict { index: 0, conflict }),
    }
}
