//! Copying all tables of another database.

use std::ops::Bound;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use redb::{
    Key, ReadTransaction, ReadableTableMetadata, TableDefinition, TableError, Value,
    WriteTransaction,
};

use super::{
    AVATARS, COMPANIES, COMPANIES_BY_KEY, EVENTS, EVENTS_BY_PARTY, META, OUTBOX, SUPERUSERS,
    SUPERUSERS_BY_EMAIL, USER_BLOCKS, USERS, USERS_BY_CREATED, USERS_BY_EMAIL, USERS_BY_NAME,
    USERS_BY_OPENID, USERS_BY_PHONE,
};
use crate::store::Error;
use crate::store::file::engine::Engine;
use crate::store::file::unwind::{error_of_panic, reading};

/// About as many bytes of keys and values go into one transaction: its pages are still in the cache when redb
/// computes their checksums, so that each is written once.
const PIECE: usize = 512 << 10;
/// Pieces that are read and not yet written.
const WAITING: usize = 2;

/// Copies all that `from` sees into the empty database `to`, and calls `each` after about every half MiB with how many users
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
    copy_table(from, USERS_BY_NAME, to, &mut rest)?;
    copy_table(from, USER_BLOCKS, to, &mut rest)?;
    copy_table(from, COMPANIES, to, &mut rest)?;
    copy_table(from, COMPANIES_BY_KEY, to, &mut rest)?;
    copy_table(from, SUPERUSERS, to, &mut rest)?;
    copy_table(from, SUPERUSERS_BY_EMAIL, to, &mut rest)?;
    EVENTS
        .into_iter()
        .try_for_each(|events| copy_table(from, events, to, &mut rest))?;
    copy_table(from, EVENTS_BY_PARTY, to, &mut rest)?;
    copy_table(from, AVATARS, to, &mut rest)?;
    copy_table(from, OUTBOX, to, &mut rest)?;
    copy_table(from, META, to, &mut rest)
}

/// One thread reads while the other writes; two that write wait for each other.
fn copy_table<K: Key + Send + 'static, V: Value + Send + 'static>(
    from: &ReadTransaction,
    table: TableDefinition<'static, K, V>,
    to: &Engine,
    each: &mut dyn FnMut(u64) -> Result<(), Error>,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let (sender, pieces) = mpsc::sync_channel(WAITING);
        let reader = scope.spawn(move || reading(|| read(from, table, &sender)));
        let mut done = 0;
        for piece in pieces {
            to.load(|txn| piece.write(txn, table))?;
            done += piece.entries.len() as u64;
            each(done)?;
        }
        reader
            .join()
            .unwrap_or_else(|payload| Err(error_of_panic(payload)))
    })
}

/// Reads until the end, or until nobody wants more. A file of an older version may not have the table.
fn read<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    table: TableDefinition<'_, K, V>,
    pieces: &SyncSender<Piece>,
) -> Result<(), Error> {
    let opened = match from.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(()),
        opened => opened?,
    };
    let mut piece = Piece::default();
    for entry in opened.range::<K::SelfType<'_>>(..)? {
        let (key, value) = entry?;
        piece.push(
            K::as_bytes(&key.value()).as_ref(),
            V::as_bytes(&value.value()).as_ref(),
        );
        if piece.bytes.len() >= PIECE && pieces.send(std::mem::take(&mut piece)).is_err() {
            return Ok(());
        }
    }
    let _ = pieces.send(piece);
    Ok(())
}

/// Entries in the order of their keys.
#[derive(Default)]
struct Piece {
    /// Each key and its value.
    bytes: Vec<u8>,
    /// The ends of each key and of its value.
    entries: Vec<(usize, usize)>,
}

impl Piece {
    fn push(&mut self, key: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(key);
        let key_end = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.entries.push((key_end, self.bytes.len()));
    }

    fn write<K: Key + 'static, V: Value + 'static>(
        &self,
        txn: &WriteTransaction,
        table: TableDefinition<'_, K, V>,
    ) -> Result<(), Error> {
        let mut table = txn.open_table(table).map_err(unwritten)?;
        // The keys come in order, so each goes behind the last without a search.
        let mut end = table
            .upper_bound_mut(Bound::<K::SelfType<'_>>::Unbounded)
            .map_err(unwritten)?;
        let mut start = 0;
        for &(key_end, value_end) in &self.entries {
            let key = &self.bytes[start..key_end];
            let value = &self.bytes[key_end..value_end];
            end.insert_before(K::from_bytes(key), V::from_bytes(value))
                .map_err(unwritten)?;
            start = value_end;
        }
        end.close().map_err(unwritten)
    }
}

/// The bytes of the pages that `txn` sees.
pub fn stored_bytes(txn: &ReadTransaction) -> Result<u64, Error> {
    let mut bytes = 0;
    for index in [
        USERS_BY_OPENID,
        USERS_BY_PHONE,
        USERS_BY_EMAIL,
        COMPANIES_BY_KEY,
        SUPERUSERS_BY_EMAIL,
    ] {
        bytes += bytes_of(txn, index)?;
    }
    for records in [USERS, COMPANIES, SUPERUSERS, AVATARS, META] {
        bytes += bytes_of(txn, records)?;
    }
    for events in EVENTS {
        bytes += bytes_of(txn, events)?;
    }
    Ok(bytes
        + bytes_of(txn, OUTBOX)?
        + bytes_of(txn, EVENTS_BY_PARTY)?
        + bytes_of(txn, USERS_BY_CREATED)?
        + bytes_of(txn, USERS_BY_NAME)?
        + bytes_of(txn, USER_BLOCKS)?)
}

/// A file of an older version may not have the table.
fn bytes_of<K: Key + 'static, V: Value + 'static>(
    txn: &ReadTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<u64, Error> {
    let stats = match txn.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(0),
        opened => opened?.stats()?,
    };
    Ok(stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes())
}

/// The copy failed, not what is copied.
fn unwritten(error: impl std::error::Error) -> Error {
    Error::Copy(error.to_string())
}
