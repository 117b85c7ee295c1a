//! Pictures of users: reads, and jobs that write them.

use super::postgres_store::PostgresStore;
use super::rows::{column, number};
use super::statements as sql;
use super::wants::Wants;
use crate::domain::{Avatar, AvatarTotals, RecordId};
use crate::store::commit_rules::{write_avatars, write_with_avatar};
use crate::store::outbox::Notices;
use crate::store::{Conflict, Error, Record, Write, stored};

impl PostgresStore {
    pub(in crate::store) async fn avatar(&self, user: &RecordId) -> Result<Option<Avatar>, Error> {
        let row = self
            .lookups
            .query_one(sql::AVATAR, &[&user.as_str()])
            .await?;
        row.map(|row| stored::decode_avatar(user.as_str(), column(&row, 0)?))
            .transpose()
    }

    pub(in crate::store) async fn avatar_totals(&self) -> Result<AvatarTotals, Error> {
        let row = self.lookups.query_one(sql::AVATAR_TOTALS, &[]).await?;
        let row = row.ok_or_else(|| Error::Damaged("totals has no row".into()))?;
        Ok(AvatarTotals {
            count: number(&row, 0)?,
            bytes: number(&row, 1)?,
        })
    }

    pub(in crate::store) async fn set_avatar(
        &self,
        change: Write,
        avatar: Avatar,
        max_total_bytes: u64,
        notices: Notices,
    ) -> Result<Result<Record, Conflict>, Error> {
        let mut wants = Wants::of_writes(std::slice::from_ref(&change));
        wants
            .avatars
            .extend(change.users().map(ToString::to_string));
        let job = self.writer.write(wants, move |set| {
            write_with_avatar(set, &mut change.clone(), &avatar, max_total_bytes, &notices)
        });
        job.await
    }

    pub(in crate::store) async fn put_avatars(
        &self,
        avatars: Vec<(RecordId, Avatar)>,
    ) -> Result<u64, Error> {
        let ids: Vec<String> = avatars.iter().map(|(id, _)| id.to_string()).collect();
        let mut wants = Wants {
            avatars: ids.clone(),
            ..Wants::default()
        };
        wants.users.ids = ids;
        let job = self
            .writer
            .write(wants, move |set| write_avatars(set, &avatars));
        job.await
    }

    pub(in crate::store) async fn remove_avatar(&self, user: RecordId) -> Result<bool, Error> {
        let wants = Wants {
            avatars: vec![user.to_string()],
            ..Wants::default()
        };
        let job = self
            .writer
            .write(wants, move |set| Ok(set.avatars.remove(&user)));
        job.await
    }
}
