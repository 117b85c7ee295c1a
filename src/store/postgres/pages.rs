//! Pages of records.

use std::collections::HashMap;
use std::ops::Range;

use tokio_postgres::Row;

use super::blocks::of_stored;
use super::columns::column_number;
use super::postgres_store::PostgresStore;
use super::rows::{column, number, record};
use super::statements as sql;
use crate::domain::{Kind, RecordId};
use crate::store::order::Place;
use crate::store::scanned_users::ScannedUsers;
use crate::store::user_block::{ROWS, UserBlock};
use crate::store::{Cursor, Error, Order, Record};

/// The places before all others, and behind.
const BEFORE_ALL: (i64, i64) = (i64::MIN, i64::MIN);
const BEHIND_ALL: (i64, i64) = (i64::MAX, i64::MAX);

impl PostgresStore {
    pub(in crate::store) async fn records_after(
        &self,
        order: Order,
        cursor: &Cursor,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        match order {
            Order::ById(kind) => self.page_by_id(kind, cursor, limit).await,
            Order::UsersByCreated { newest_first } => {
                self.page_by_created(newest_first, cursor, limit).await
            }
        }
    }

    async fn page_by_id(
        &self,
        kind: Kind,
        cursor: &Cursor,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let (at, after) = match kind {
            Kind::Users => (sql::USER_ID_AT, sql::USERS_AFTER),
            Kind::Companies => (sql::COMPANY_ID_AT, sql::COMPANIES_AFTER),
            Kind::Superusers => (sql::SUPERUSER_ID_AT, sql::SUPERUSERS_AFTER),
        };
        let from = match &cursor.0 {
            Place::Skip(0) => String::new(),
            Place::Skip(count) => match self
                .lists
                .query_one(at, &[&(count_number(*count) - 1)])
                .await?
            {
                Some(row) => column(&row, 0)?,
                None => return Ok(Vec::new()),
            },
            Place::Record { id, .. } => id.to_string(),
        };
        let rows = self
            .lists
            .query(after, &[&from, &count_number(limit)])
            .await?;
        rows.iter().map(|row| record(kind, row)).collect()
    }

    async fn page_by_created(
        &self,
        newest_first: bool,
        cursor: &Cursor,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let from = match &cursor.0 {
            Place::Skip(0) => end(newest_first),
            Place::Skip(count) => match self.created_at(newest_first, *count - 1).await? {
                Some(place) => place,
                None => return Ok(Vec::new()),
            },
            Place::Record {
                created, number, ..
            } => (created.as_millisecond(), column_number(*number)),
        };
        let statement = match newest_first {
            true => sql::USERS_CREATED_BEFORE,
            false => sql::USERS_CREATED_AFTER,
        };
        let rows = self
            .lists
            .query(statement, &[&from.0, &from.1, &count_number(limit)])
            .await?;
        rows.iter().map(|row| record(Kind::Users, row)).collect()
    }

    async fn created_at(
        &self,
        newest_first: bool,
        skipped: usize,
    ) -> Result<Option<(i64, i64)>, Error> {
        let statement = match newest_first {
            true => sql::CREATED_AT_BACKWARDS,
            false => sql::CREATED_AT,
        };
        let row = self
            .lists
            .query_one(statement, &[&count_number(skipped)])
            .await?;
        row.map(|row| Ok((column(&row, 0)?, column(&row, 1)?)))
            .transpose()
    }

    pub(in crate::store) async fn user_numbers_by_created(
        &self,
        newest_first: bool,
        after: Option<(i64, u64)>,
        limit: usize,
    ) -> Result<Vec<(i64, u64)>, Error> {
        let statement = match newest_first {
            true => sql::NUMBERS_CREATED_BEFORE,
            false => sql::NUMBERS_CREATED_AFTER,
        };
        let from = after.map_or(end(newest_first), |(at, number)| {
            (at, column_number(number))
        });
        let rows = self
            .lists
            .query(statement, &[&from.0, &from.1, &count_number(limit)])
            .await?;
        rows.iter()
            .map(|row| Ok((column(row, 0)?, number(row, 1)?)))
            .collect()
    }

    pub(in crate::store) async fn records_by_ids(
        &self,
        kind: Kind,
        ids: &[RecordId],
    ) -> Result<Vec<Record>, Error> {
        let statement = match kind {
            Kind::Users => sql::USERS_BY_IDS,
            Kind::Companies => sql::COMPANIES_BY_IDS,
            Kind::Superusers => sql::SUPERUSERS_BY_IDS,
        };
        let rows = self.by_ids(statement, ids).await?;
        in_order(ids, &rows, |row| record(kind, row))
    }

    async fn by_ids(&self, statement: &'static str, ids: &[RecordId]) -> Result<Vec<Row>, Error> {
        let ids: Vec<&str> = ids.iter().map(RecordId::as_str).collect();
        self.lists.query(statement, &[&ids]).await
    }

    pub(in crate::store) async fn scanned_users(
        &self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<(ScannedUsers, Option<RecordId>), Error> {
        let from = after.map_or("", RecordId::as_str);
        let rows = self
            .lists
            .query(sql::USERS_AFTER, &[&from, &count_number(limit)])
            .await?;
        let mut page = ScannedUsers::default();
        for row in &rows {
            page.push(column(row, 0)?, column(row, 1)?);
        }
        let last = rows.last().filter(|_| rows.len() == limit);
        let last: Option<String> = last.map(|row| column(row, 0)).transpose()?;
        Ok((page, last.and_then(|id| RecordId::parse(&id))))
    }

    pub(in crate::store) async fn scanned_users_by_ids(
        &self,
        ids: &[RecordId],
    ) -> Result<ScannedUsers, Error> {
        let rows = self.by_ids(sql::USERS_BY_IDS, ids).await?;
        let mut found = ScannedUsers::default();
        for row in in_order(ids, &rows, Ok)? {
            found.push(column(row, 0)?, column(row, 1)?);
        }
        Ok(found)
    }

    pub(in crate::store) async fn user_blocks(
        &self,
        places: Range<u64>,
        last_first: bool,
        limit: usize,
    ) -> Result<Vec<UserBlock>, Error> {
        let from = column_number(places.start.saturating_mul(ROWS));
        let until = column_number(places.end.saturating_mul(ROWS));
        let statement = match last_first {
            true => sql::USERS_NUMBERED_BACKWARDS,
            false => sql::USERS_NUMBERED,
        };
        // No block has more rows, and so what is left of the last one is no whole block only if there are more blocks than wanted.
        let most = count_number(limit).saturating_mul(column_number(ROWS));
        let rows = self.lists.query(statement, &[&from, &until, &most]).await?;
        let mut blocks = blocks(&rows)?;
        blocks.truncate(limit);
        Ok(blocks)
    }

    pub(in crate::store) async fn user_blocks_at(
        &self,
        places: &[u64],
    ) -> Result<Vec<UserBlock>, Error> {
        let firsts: Vec<i64> = places
            .iter()
            .map(|place| column_number(place.saturating_mul(ROWS)))
            .collect();
        let slots: Vec<i64> = (0..column_number(ROWS)).collect();
        let rows = self
            .lists
            .query(sql::USERS_NUMBERED_IN, &[&firsts, &slots])
            .await?;
        let mut found: HashMap<u64, UserBlock> = blocks(&rows)?
            .into_iter()
            .map(|block| (block.place, block))
            .collect();
        Ok(places
            .iter()
            .filter_map(|place| found.remove(place))
            .collect())
    }
}

fn end(newest_first: bool) -> (i64, i64) {
    match newest_first {
        true => BEHIND_ALL,
        false => BEFORE_ALL,
    }
}

fn count_number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Values of the rows, in the order of the ids.
fn in_order<'a, T>(
    ids: &[RecordId],
    rows: &'a [Row],
    read: impl Fn(&'a Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut by_id = HashMap::with_capacity(rows.len());
    for row in rows {
        by_id.insert(column::<&str>(row, 0)?, row);
    }
    let found = ids.iter().filter_map(|id| by_id.get(id.as_str()));
    found.map(|row| read(row)).collect()
}

/// The blocks of users in rows of id, number and bytes, in the order of the numbers or against it.
fn blocks(rows: &[Row]) -> Result<Vec<UserBlock>, Error> {
    let mut blocks = Vec::new();
    let mut users: Vec<(u64, &str, &[u8])> = Vec::with_capacity(rows.len());
    for row in rows {
        users.push((number(row, 1)?, column(row, 0)?, column(row, 2)?));
    }
    for users in users.chunk_by_mut(|a, b| a.0 / ROWS == b.0 / ROWS) {
        users.sort_unstable_by_key(|user| user.0);
        blocks.push(of_stored(users)?);
    }
    Ok(blocks)
}
