//! Everything of another database.

use std::ops::Bound;

use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata, TableDefinition, TableStats,
    Value,
};

use super::{
    COMPANIES, COMPANIES_BY_KEY, META, SUPERUSERS, SUPERUSERS_BY_EMAIL, USERS, USERS_BY_CREATED,
    USERS_BY_EMAIL, USERS_BY_OPENID, USERS_BY_PHONE,
};
use crate::store::Error;
use crate::store::embedded::engine::Engine;

/// About as many bytes of keys and values go into one transaction: its pages are still in the cache when redb
/// computes their checksums, so that each is written once.
const BATCH: usize = 2 << 20;

/// Copies all that `from` sees into the empty database `to`, and calls `each` after about every two MiB with how many users
/// are copied, of how many. The last pieces are on disk with the next commit of `to`.
pub fn copy(
    from: &ReadTransaction,
    to: &Engine,
    each: &mut dyn FnMut(u64, u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let total = from.open_table(USERS)?.len()?;
    copy_table(from, USERS, to, &mut |done| each(done, total))?;
    let mut rest = |_| each(total, total);
    copy_table(from, USERS_BY_OPENID, to, &mut rest)?;
    copy_table(from, USERS_BY_PHONE, to, &mut rest)?;
    copy_table(from, USERS_BY_EMAIL, to, &mut rest)?;
    copy_table(from, USERS_BY_CREATED, to, &mut rest)?;
    copy_table(from, COMPANIES, to, &mut rest)?;
    copy_table(from, COMPANIES_BY_KEY, to, &mut rest)?;
    copy_table(from, SUPERUSERS, to, &mut rest)?;
    copy_table(from, SUPERUSERS_BY_EMAIL, to, &mut rest)?;
    copy_table(from, META, to, &mut rest)
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    definition: TableDefinition<'_, K, V>,
    to: &Engine,
    each: &mut dyn FnMut(u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let table: ReadOnlyTable<K, V> = from.open_table(definition)?;
    let mut entries = table.iter()?;
    let (mut done, mut next) = (0, entries.next());
    while next.is_some() {
        to.load(|txn| {
            let mut table = txn.open_table(definition).map_err(unwritten)?;
            // The keys come in order, so each goes behind the last without a search.
            let mut end = table.upper_bound_mut(Bound::<K::SelfType<'_>>::Unbounded).map_err(unwritten)?;
            let mut bytes = 0;
            while let Some(entry) = next.take() {
                let (key, value) = entry?;
                bytes +=
                    K::as_bytes(&key.value()).as_ref().len() + V::as_bytes(&value.value()).as_ref().len();
                end.insert_before(key.value(), value.value()).map_err(unwritten)?;
                done += 1;
                next = entries.next();
                if bytes >= BATCH {
                    break;
                }
            }
            end.close().map_err(unwritten)
        })?;
        each(done)?;
    }
    Ok(())
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
    add(&|| Ok(txn.open_table(USERS_BY_CREATED)?.stats()?))?;
    Ok(bytes)
}

/// The copy failed, not what is copied.
fn unwritten(error: impl std::error::Error) -> Error {
    Error::Copy(error.to_string())
}
