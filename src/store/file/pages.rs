//! Pages of records, each in a snapshot of its own: a snapshot that is held for long makes the file grow.

use std::ops::{Bound, Range};

use redb::{AccessGuard, ReadTransaction, StorageError, TableDefinition};

use super::errors::wrong_index_entry;
use super::file_store::FileStore;
use super::tables::{COMPANIES, SUPERUSERS, USER_BLOCKS, USERS, USERS_BY_CREATED};
use crate::domain::{Kind, RecordId};
use crate::store::order::Place;
use crate::store::stored;
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
        places: Range<u64>,
        last_first: bool,
        limit: usize,
    ) -> Result<Vec<UserBlock>, Error> {
        self.engine.read(|txn| {
            let blocks = txn.open_table(USER_BLOCKS)?.range(places.clone())?;
            match last_first {
                true => blocks.rev().take(limit).map(decode_block).collect(),
                false => blocks.take(limit).map(decode_block).collect(),
            }
        })
    }

    pub(in crate::store) fn user_blocks_at(&self, places: &[u64]) -> Result<Vec<UserBlock>, Error> {
        self.engine.read(|txn| {
            let table = txn.open_table(USER_BLOCKS)?;
            let mut blocks = Vec::with_capacity(places.len());
            for place in places {
                if let Some(bytes) = table.get(place)? {
                    blocks.push(stored::decode_user_block(*place, bytes.value())?);
                }
            }
            Ok(blocks)
        })
    }

    pub(in crate::store) fn records_by_ids(
        &self,
        kind: Kind,
        ids: &[RecordId],
    ) -> Result<Vec<Record>, Error> {
        self.engine.read(|txn| {
            let table = txn.open_table(records(kind))?;
            let mut found = new_page(ids.len());
            for id in ids {
                if let Some(bytes) = table.get(id.as_str())? {
                    found.push(decode(kind, id.as_str(), bytes.value())?);
                }
            }
            Ok(found)
        })
    }

    pub(in crate::store) fn user_numbers_by_created(
        &self,
        newest_first: bool,
        after: Option<(i64, u64)>,
        limit: usize,
    ) -> Result<Vec<(i64, u64)>, Error> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.engine.read(|txn| {
            let index = txn.open_table(USERS_BY_CREATED)?;
            let key = |entry: Entry<'_, Created>| Ok(entry?.0.value());
            if newest_first {
                let entries = index.range::<Created>((Bound::Unbounded, from))?.rev();
                entries.take(limit).map(key).collect()
            } else {
                let entries = index.range::<Created>((from, Bound::Unbounded))?;
                entries.take(limit).map(key).collect()
            }
        })
    }
}

type BlockEntry<'a> = Result<(AccessGuard<'a, u64>, AccessGuard<'a, &'static [u8]>), StorageError>;

fn decode_block(entry: BlockEntry<'_>) -> Result<UserBlock, Error> {
    let (place, bytes) = entry?;
    stored::decode_user_block(place.value(), bytes.value())
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
    let table = txn.open_table(records(kind))?;
    let entries = table.range::<&str>((from, Bound::Unbounded))?;
    let mut page = new_page(limit);
    for entry in entries.skip(skipped).take(limit) {
        let (id, bytes) = entry?;
        page.push(decode(kind, id.value(), bytes.value())?);
    }
    Ok(page)
}

fn records(kind: Kind) -> TableDefinition<'static, &'static str, &'static [u8]> {
    match kind {
        Kind::Users => USERS,
        Kind::Companies => COMPANIES,
        Kind::Superusers => SUPERUSERS,
    }
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
