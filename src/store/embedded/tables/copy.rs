//! Everything of another database.

use std::ops::Bound;
use std::thread;

use redb::{
    Key, Range, ReadTransaction, ReadableTableMetadata, TableDefinition, TableStats, Value, WriteTransaction,
};

use super::{
    COMPANIES, COMPANIES_BY_KEY, EVENTS, META, SUPERUSERS, SUPERUSERS_BY_EMAIL, USERS, USERS_BY_CREATED,
    USERS_BY_EMAIL, USERS_BY_OPENID, USERS_BY_PHONE,
};
use crate::store::Error;
use crate::store::embedded::engine::Engine;

/// About as many bytes of users go into one transaction, and as many of everything else: a MiB, so that its pages are still in
/// the cache when redb computes their checksums, and each is written once. The two take about the same time to the end.
const USERS_PIECE: usize = 3 << 18;
const OTHERS_PIECE: usize = 1 << 18;

/// Copies all that `from` sees into the empty database `to`, the users and everything else side by side, and calls `each` after
/// about every MiB with how many users are copied, of how many. The last pieces are on disk with the next commit of `to`.
pub fn copy(
    from: &ReadTransaction,
    to: &Engine,
    each: &mut dyn FnMut(u64, u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let total = from.open_table(USERS)?.len()?;
    let mut users = Rest::new(from, USERS)?;
    let mut others = others(from)?;
    while users.next.is_some() || !others.is_empty() {
        to.load(|txn| {
            thread::scope(|scope| {
                let others = scope.spawn(|| copy_others(&mut others, txn));
                let users = users.copy(txn, USERS_PIECE).map(drop);
                let others = others.join().unwrap_or_else(|_| Err(Error::Failed("a copy panicked".into())));
                users.and(others)
            })
        })?;
        each(users.done, total)?;
    }
    Ok(())
}

/// All tables but that of the users, the last one first.
fn others(from: &ReadTransaction) -> Result<Vec<Box<dyn Copying>>, Error> {
    let mut others: Vec<Box<dyn Copying>> = vec![
        Box::new(Rest::new(from, META)?),
        Box::new(Rest::new(from, COMPANIES)?),
        Box::new(Rest::new(from, COMPANIES_BY_KEY)?),
        Box::new(Rest::new(from, SUPERUSERS)?),
        Box::new(Rest::new(from, SUPERUSERS_BY_EMAIL)?),
        Box::new(Rest::new(from, USERS_BY_OPENID)?),
        Box::new(Rest::new(from, USERS_BY_PHONE)?),
        Box::new(Rest::new(from, USERS_BY_EMAIL)?),
        Box::new(Rest::new(from, USERS_BY_CREATED)?),
    ];
    for events in EVENTS {
        others.push(Box::new(Rest::new(from, events)?));
    }
    Ok(others)
}

fn copy_others(others: &mut Vec<Box<dyn Copying>>, txn: &WriteTransaction) -> Result<(), Error> {
    let mut left = OTHERS_PIECE;
    while let Some(table) = others.last_mut().filter(|_| left > 0) {
        let copied = table.copy(txn, left)?;
        if copied < left {
            others.pop();
        }
        left = left.saturating_sub(copied);
    }
    Ok(())
}

/// A table of which a part is copied.
trait Copying: Send {
    /// Copies on, until it is `bytes` or the table ends: how many bytes of keys and values.
    fn copy(&mut self, to: &WriteTransaction, bytes: usize) -> Result<usize, Error>;
}

/// What is not copied yet.
struct Rest<K: Key + 'static, V: Value + 'static> {
    table: TableDefinition<'static, K, V>,
    entries: Range<'static, K, V>,
    next: Option<Entry<K, V>>,
    done: u64,
}

type Entry<K, V> = Result<(redb::AccessGuard<'static, K>, redb::AccessGuard<'static, V>), redb::StorageError>;

impl<K: Key + 'static, V: Value + 'static> Rest<K, V> {
    fn new(from: &ReadTransaction, table: TableDefinition<'static, K, V>) -> Result<Self, Error> {
        let mut entries = from.open_table(table)?.range::<K::SelfType<'_>>(..)?;
        let next = entries.next();
        Ok(Self { table, entries, next, done: 0 })
    }
}

impl<K: Key + Send + 'static, V: Value + Send + 'static> Copying for Rest<K, V> {
    fn copy(&mut self, to: &WriteTransaction, bytes: usize) -> Result<usize, Error> {
        let mut table = to.open_table(self.table).map_err(unwritten)?;
        // The keys come in order, so each goes behind the last without a search.
        let mut end = table.upper_bound_mut(Bound::<K::SelfType<'_>>::Unbounded).map_err(unwritten)?;
        let mut copied = 0;
        while let Some(entry) = self.next.take() {
            let (key, value) = entry?;
            copied += K::as_bytes(&key.value()).as_ref().len() + V::as_bytes(&value.value()).as_ref().len();
            end.insert_before(key.value(), value.value()).map_err(unwritten)?;
            self.done += 1;
            self.next = self.entries.next();
            if copied >= bytes {
                break;
            }
        }
        end.close().map_err(unwritten)?;
        Ok(copied)
    }
}

/// The bytes of the pages that `txn` sees.
pub fn stored_bytes(txn: &ReadTransaction) -> Result<u64, Error> {
    let mut bytes = 0;
    let mut add = |table: &dyn Fn() -> Result<TableStats, Error>| -> Result<(), Error> {
        let stats = table()?;
        bytes += stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
        Ok(())
    };
    for index in [USERS_BY_OPENID, USERS_BY_PHONE, USERS_BY_EMAIL, COMPANIES_BY_KEY, SUPERUSERS_BY_EMAIL] {
        add(&|| Ok(txn.open_table(index)?.stats()?))?;
    }
    for records in [USERS, COMPANIES, SUPERUSERS, META] {
        add(&|| Ok(txn.open_table(records)?.stats()?))?;
    }
    for events in EVENTS {
        add(&|| Ok(txn.open_table(events)?.stats()?))?;
    }
    add(&|| Ok(txn.open_table(USERS_BY_CREATED)?.stats()?))?;
    Ok(bytes)
}

/// The copy failed, not what is copied.
fn unwritten(error: impl std::error::Error) -> Error {
    Error::Copy(error.to_string())
}
