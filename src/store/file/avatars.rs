//! Pictures of users: reads, and jobs that write them.

use redb::ReadableTableMetadata as _;

use super::file_store::FileStore;
use super::tables::{AVATARS, META, META_AVATAR_BYTES, read_number};
use crate::domain::{Avatar, AvatarTotals, RecordId};
use crate::store::commit_rules::{write_avatars, write_with_avatar};
use crate::store::outbox::Notices;
use crate::store::{Conflict, Error, Record, Write, stored};

impl FileStore {
    pub(in crate::store) fn avatar(&self, user: &RecordId) -> Result<Option<Avatar>, Error> {
        self.engine.read(|txn| {
            let bytes = txn.open_table(AVATARS)?.get(user.as_str())?;
            let avatar = bytes.map(|bytes| stored::decode_avatar(user.as_str(), bytes.value()));
            avatar.transpose()
        })
    }

    pub(in crate::store) fn avatar_totals(&self) -> Result<AvatarTotals, Error> {
        self.engine.read(|txn| {
            Ok(AvatarTotals {
                count: txn.open_table(AVATARS)?.len()?,
                bytes: read_number(&txn.open_table(META)?, META_AVATAR_BYTES)?,
            })
        })
    }

    pub(in crate::store) async fn set_avatar(
        &self,
        mut change: Write,
        avatar: Avatar,
        max_total_bytes: u64,
        notices: Notices,
    ) -> Result<Result<Record, Conflict>, Error> {
        let job = self.writer.write(move |tables| {
            write_with_avatar(tables, &mut change, &avatar, max_total_bytes, &notices)
        });
        job.await
    }

    pub(in crate::store) async fn put_avatars(
        &self,
        avatars: Vec<(RecordId, Avatar)>,
    ) -> Result<u64, Error> {
        let job = self
            .writer
            .write(move |tables| write_avatars(tables, &avatars));
        job.await
    }

    pub(in crate::store) async fn remove_avatar(&self, user: RecordId) -> Result<bool, Error> {
        let job = self.writer.write(move |tables| {
            let is_there = tables.avatar_size(&user)?.is_some();
            tables.remove_avatar(&user)?;
            Ok(is_there)
        });
        job.await
    }
}
