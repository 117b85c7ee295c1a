//! Reading for lists of users: their blocks, and indexes of what many of them have.

use std::ops::Range;

use super::error::Error;
use super::handle::{Engine, Store};
use super::record::Record;
use super::scanned_users::ScannedUsers;
use super::text_index::TextIndex;
use super::user_block::UserBlock;
use crate::domain::{Kind, RecordId};

impl Store {
    /// Ids of all users whose text begins so, ASCII letters in either case, and maybe of some others; nothing if there are more
    /// than `limit`. `begin` is in lower case.
    pub async fn ids_by_begin(
        &self,
        index: TextIndex,
        begin: &str,
        limit: usize,
    ) -> Result<Option<Vec<RecordId>>, Error> {
        match &self.engine {
            Engine::File(file) => file.ids_by_begin(index, begin, limit),
            Engine::Postgres(postgres) => postgres.ids_by_begin(index, begin, limit).await,
        }
    }

    /// At most `limit` blocks of users whose places are among `places`, as they are now, from the first or from the last one on;
    /// fewer only at the end.
    pub async fn user_blocks(
        &self,
        places: Range<u64>,
        last_first: bool,
        limit: usize,
    ) -> Result<Vec<UserBlock>, Error> {
        match &self.engine {
            Engine::File(file) => file.user_blocks(places, last_first, limit),
            Engine::Postgres(postgres) => postgres.user_blocks(places, last_first, limit).await,
        }
    }

    /// Blocks of users at these places, as they are now, but for those that have no user.
    pub async fn user_blocks_at(&self, places: &[u64]) -> Result<Vec<UserBlock>, Error> {
        match &self.engine {
            Engine::File(file) => file.user_blocks_at(places),
            Engine::Postgres(postgres) => postgres.user_blocks_at(places).await,
        }
    }

    /// Records with these ids, as they are now, in this order, but for those that are gone.
    pub async fn records_by_ids(&self, kind: Kind, ids: &[RecordId]) -> Result<Vec<Record>, Error> {
        match &self.engine {
            Engine::File(file) => file.records_by_ids(kind, ids),
            Engine::Postgres(postgres) => postgres.records_by_ids(kind, ids).await,
        }
    }

    /// At most `limit` users in the order of their creation, behind the one of `after`: time in milliseconds, and number.
    pub async fn user_numbers_by_created(
        &self,
        newest_first: bool,
        after: Option<(i64, u64)>,
        limit: usize,
    ) -> Result<Vec<(i64, u64)>, Error> {
        match &self.engine {
            Engine::File(file) => file.user_numbers_by_created(newest_first, after, limit),
            Engine::Postgres(postgres) => {
                postgres
                    .user_numbers_by_created(newest_first, after, limit)
                    .await
            }
        }
    }

    /// Numbers of all users whose name begins so, ASCII letters in either case, in no order; nothing if there are more than
    /// `limit`. `begin` is in lower case, and not empty.
    pub async fn user_numbers_by_name(
        &self,
        begin: &str,
        limit: usize,
    ) -> Result<Option<Vec<u64>>, Error> {
        match &self.engine {
            Engine::File(file) => file.user_numbers_by_name(begin, limit),
            Engine::Postgres(postgres) => postgres.user_numbers_by_name(begin, limit).await,
        }
    }

    /// Numbers of all users who have exactly this name, in order; nothing if there are more than `limit`. `name` is not empty.
    pub async fn user_numbers_named(
        &self,
        name: &str,
        limit: usize,
    ) -> Result<Option<Vec<u64>>, Error> {
        match &self.engine {
            Engine::File(file) => file.user_numbers_named(name, limit),
            Engine::Postgres(postgres) => postgres.user_numbers_named(name, limit).await,
        }
    }

    /// Number of users whose text begins so, as [`Store::ids_by_begin`] finds them; nothing if there are more than `limit`.
    pub async fn count_by_begin(
        &self,
        index: TextIndex,
        begin: &str,
        limit: usize,
    ) -> Result<Option<u64>, Error> {
        match &self.engine {
            Engine::File(file) => file.count_by_begin(index, begin, limit),
            Engine::Postgres(postgres) => postgres.count_by_begin(index, begin, limit).await,
        }
    }

    /// At most `limit` users with ids behind `after`, as they are now; and the last one's id, if there may be more.
    pub async fn scanned_users(
        &self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<(ScannedUsers, Option<RecordId>), Error> {
        match &self.engine {
            Engine::File(file) => file.scanned_users(after, limit),
            Engine::Postgres(postgres) => postgres.scanned_users(after, limit).await,
        }
    }

    /// Users with these ids, as they are now, but for those who are gone.
    pub async fn scanned_users_by_ids(&self, ids: &[RecordId]) -> Result<ScannedUsers, Error> {
        match &self.engine {
            Engine::File(file) => file.scanned_users_by_ids(ids),
            Engine::Postgres(postgres) => postgres.scanned_users_by_ids(ids).await,
        }
    }
}
