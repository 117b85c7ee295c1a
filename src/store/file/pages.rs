//! Pages of records, each in a snapshot of its own: a snapshot that is held for long makes the file grow.

use std::ops::Bound;

use redb::{AccessGuard, ReadTransaction, StorageError};

use super::errors::wrong_index_entry;
use super::file_store::FileStore;
use super::stored;
use super::tables::{COMPANIES, SUPERUSERS, USER_BLOCKS, USERS, USERS_BY_CREATED};
use crate::domain::Kind;
use crate::store::order::Place;
use crate::store::user_block::UserBlock;
use crate::store::{Cursor, Error, Order, Record};

/// Time of creation in milliseconds, and number.
type Created = (i64, u64);
type Entry<'a, K> = Result<(AccessGuard<'a, K>, AccessGuard<'a, &'static str>), StorageError>;

impl FileStore {
    pub(in crate::store) fn records_after(
        &self,
        order: Order,
        cursor: &Cursor,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        self.engine.read(|txn| match order {
            Order::ById(kind) => page_by_id(txn, kind, cursor, limit),
            Order::UsersByCreated { newest_first } => {
                page_by_created(txn, newest_first, cursor, limit)
            }
        })
    }

    pub(in crate::store) fn user_blocks(
        &self,
        from: u64,
        limit: usize,
    ) -> Result<Vec<UserBlock>, Error> {
        self.engine.read(|txn| {
            let blocks = txn.open_table(USER_BLOCKS)?;
            let entries = blocks.range(from..)?.take(limit);
            entries
                .map(|entry| {
                    let (place, bytes) = entry?;
                    stored::decode_user_block(place.value(), bytes.value())
                })
                .collect()
        })
    }
}

fn page_by_id(
    txn: &ReadTransaction,
    kind: Kind,
    cursor: &Cursor,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    let (skipped, from) = match &cursor.0 {
        Place::Skip(count) => (*count, Bound::Unbounded),
        Place::Record { id, .. } => (0, Bound::Excluded(id.as_str())),
    };
    let table = txn.open_table(match kind {
        Kind::Users => USERS,
        Kind::Companies => COMPANIES,
        Kind::Superusers => SUPERUSERS,
    })?;
    let entries = table.range::<&str>((from, Bound::Unbounded))?;
    let mut page = new_page(limit);
    for entry in entries.skip(skipped).take(limit) {
        let (id, bytes) = entry?;
        page.push(decode(kind, id.value(), bytes.value())?);
    }
    Ok(page)
}

/// An empty page with room for its records: one that grows would move each of them several times.
fn new_page(limit: usize) -> Vec<Record> {
    const MOST: usize = 1_000;
    Vec::with_capacity(limit.min(MOST))
}

fn decode(kind: Kind, id: &str, bytes: &[u8]) -> Result<Record, Error> {
    Ok(match kind {
        Kind::Users => Record::User(stored::decode_user(id, bytes)?),
        Kind::Companies => Record::Company(stored::decode_company(id, bytes)?),
        Kind::Superusers => Record::Superuser(stored::decode_superuser(id, bytes)?),
    })
}

fn page_by_created(
    txn: &ReadTransaction,
    newest_first: bool,
    cursor: &Cursor,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    let (skipped, from) = match &cursor.0 {
        Place::Skip(count) => (*count, Bound::Unbounded),
        Place::Record {
            created, number, ..
        } => (0, Bound::Excluded((created.as_millisecond(), *number))),
    };
    let index = txn.open_table(USERS_BY_CREATED)?;
    if newest_first {
        let entries = index.range::<Created>((Bound::Unbounded, from))?.rev();
        users_of(txn, entries.skip(skipped), limit)
    } else {
        let entries = index.range::<Created>((from, Bound::Unbounded))?;
        users_of(txn, entries.skip(skipped), limit)
    }
}

/// The users that the first entries of an index lead to.
fn users_of<'a>(
    txn: &ReadTransaction,
    entries: impl Iterator<Item = Entry<'a, Created>>,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    let users = txn.open_table(USERS)?;
    let mut page = new_page(limit);
    for entry in entries.take(limit) {
        let (_, id) = entry?;
        let bytes = users
            .get(id.value())?
            .ok_or_else(|| wrong_index_entry(id.value()))?;
        page.push(decode(Kind::Users, id.value(), bytes.value())?);
    }
    Ok(page)
}
