//! Opening redb on a storage, and closing it: cleanly, or such that nothing more is written.

use std::io;

use redb::{Builder, Database, DatabaseError, StorageBackend, StorageError};

use super::blocks::Blocks;
use super::copy_on_write::CopyOnWrite;
use super::damage::is_damage;
use super::stage::{SharedStage, Stage};
use super::storage::{self, Lock};
use super::unwind::writing;
use crate::store::{Error, Location};

/// The destination of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To the storage.
    Write,
    /// Nowhere: they stay in memory, and the storage is only read.
    ReadOnly(Lock),
}

/// An open database.
pub struct Open {
    pub db: Database,
    pub mode: Mode,
    pub stage: SharedStage,
}

pub fn open_database(location: &Location, cache_bytes: usize, mode: Mode) -> Result<Open, Error> {
    let name = location.name();
    writing(|| {
        let storage: Box<dyn StorageBackend> = match mode {
            Mode::Write => storage::open(location)?,
            Mode::ReadOnly(lock) => {
                let storage = storage::open_to_read(location, lock)?;
                Box::new(CopyOnWrite::new(storage).map_err(|e| open_error(&name, &e))?)
            }
        };
        open_blocks(Blocks::new(storage), &name, cache_bytes, mode)
    })
}

pub fn open_blocks(
    blocks: Blocks,
    name: &str,
    cache_bytes: usize,
    mode: Mode,
) -> Result<Open, Error> {
    let stage = blocks.stage();
    let db = Builder::new()
        .set_cache_size(cache_bytes)
        .create_with_backend(blocks);
    let db = db.map_err(|e| refused(name, e))?;
    stage.set(Stage::Open);
    Ok(Open { db, mode, stage })
}

pub fn open_error(path: &str, cause: &dyn std::error::Error) -> Error {
    Error::Open {
        path: path.to_owned(),
        reason: cause.to_string(),
    }
}

pub fn refused(path: &str, error: DatabaseError) -> Error {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => Error::InUse { path },
        DatabaseError::Storage(StorageError::Io(e)) if is_damage(&e) => Error::DamagedFile {
            path,
            reason: e.to_string(),
        },
        DatabaseError::Storage(StorageError::Io(e)) if e.kind() == io::ErrorKind::InvalidData => {
            Error::Foreign {
                path,
                reason: e.to_string(),
            }
        }
        DatabaseError::Storage(StorageError::Corrupted(reason)) => {
            Error::DamagedFile { path, reason }
        }
        other => open_error(&path, &other),
    }
}

pub fn close(open: &mut Option<Open>) {
    let Some(closing) = open.take() else { return };
    closing.stage.set(Stage::Closing);
    if let Err(error) = writing(|| closing.db.close().map_err(|e| Error::Failed(e.to_string()))) {
        tracing::error!(%error, "the database was not closed cleanly; the next start recovers it");
    }
}

/// Closes a database of which nobody knows what it would write: nothing of it reaches the storage.
pub fn retire(open: &mut Option<Open>) {
    let Some(retired) = open.take() else { return };
    retired.stage.set(Stage::Retired);
    // That it could not write is what it was retired for.
    let _ = writing(|| retired.db.close().map_err(|e| Error::Failed(e.to_string())));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::Range;
    use std::sync::{Arc, Mutex};

    use redb::{ReadableDatabase, ReadableTable, TableDefinition};

    use super::super::layout::BLOCK;
    use super::*;

    const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("test");
    const ROWS: u64 = 40;

    /// Bytes that are shared, and what was done to them since the last sync.
    #[derive(Clone, Debug, Default)]
    struct Recorder(Arc<Mutex<Recorded>>);

    /// Offset and bytes.
    type Written = (usize, Vec<u8>);

    #[derive(Debug, Default)]
    struct Recorded {
        synced: Vec<u8>,
        current: Vec<u8>,
        writes: Vec<Written>,
        /// The synced bytes, and all that came after them, at each sync.
        windows: Vec<(Vec<u8>, Vec<Written>)>,
    }

    impl StorageBackend for Recorder {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.lock().unwrap().current.len() as u64)
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let at = usize::try_from(offset).unwrap();
            out.copy_from_slice(&self.0.lock().unwrap().current[at..at + out.len()]);
            Ok(())
        }
        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0
                .lock()
                .unwrap()
                .current
                .resize(usize::try_from(len).unwrap(), 0);
            Ok(())
        }
        fn sync_data(&self) -> io::Result<()> {
            let mut recorded = self.0.lock().unwrap();
            let window = (
                recorded.synced.clone(),
                std::mem::take(&mut recorded.writes),
            );
            recorded.windows.push(window);
            recorded.synced = recorded.current.clone();
            Ok(())
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            let at = usize::try_from(offset).unwrap();
            let mut recorded = self.0.lock().unwrap();
            recorded.current[at..at + data.len()].copy_from_slice(data);
            recorded.writes.push((at, data.to_vec()));
            Ok(())
        }
    }

    fn open(bytes: Vec<u8>) -> Result<Open, Error> {
        let recorder = Recorder(Arc::new(Mutex::new(Recorded {
            current: bytes,
            ..Recorded::default()
        })));
        writing(|| {
            open_blocks(
                Blocks::new(Box::new(recorder)),
                "the file",
                1 << 20,
                Mode::Write,
            )
        })
    }

    fn write(open: &Open, rows: Range<u64>, byte: u8) {
        let txn = open.db.begin_write().unwrap();
        {
            let mut table = txn.open_table(TABLE).unwrap();
            rows.for_each(|n| drop(table.insert(n, &[byte; 500][..]).unwrap()));
        }
        // One-phase, as redb commits by itself.
        txn.commit().unwrap();
    }

    fn rows(open: &Open) -> BTreeMap<u64, u8> {
        let table = open.db.begin_read().unwrap().open_table(TABLE).unwrap();
        table
            .iter()
            .unwrap()
            .map(|row| row.map(|(n, bytes)| (n.value(), bytes.value()[0])).unwrap())
            .collect()
    }

    /// Files of older versions: a one-phase commit was cut, and each disk that it may have left is opened.
    #[test]
    fn a_file_whose_last_commit_was_one_phase_is_recovered_whichever_of_its_writes_arrived() {
        let recorder = Recorder::default();
        let opened = open_blocks(
            Blocks::new(Box::new(recorder.clone())),
            "the file",
            1 << 20,
            Mode::Write,
        )
        .unwrap();
        write(&opened, 0..ROWS, 1);
        write(&opened, 0..ROWS, 2);
        write(&opened, 10..30, 3);
        let (synced, writes) = recorder.0.lock().unwrap().windows.last().unwrap().clone();
        let before: BTreeMap<_, _> = (0..ROWS).map(|n| (n, 2)).collect();
        let after: BTreeMap<_, _> = (0..ROWS)
            .map(|n| (n, if (10..30).contains(&n) { 3 } else { 2 }))
            .collect();
        let all = writes.len();
        assert!(all > 5, "{all} writes");
        let mut fell_back = 0;
        let subsets = (0..=all)
            .map(|n| (0..n).collect())
            .chain((0..all).map(|n| vec![n]));
        let subsets =
            subsets.chain((0..all).map(|lost| (0..all).filter(|n| *n != lost).collect::<Vec<_>>()));
        for subset in subsets.collect::<Vec<Vec<usize>>>() {
            let mut bytes = synced.clone();
            for n in &subset {
                let (at, data) = &writes[*n];
                bytes.resize(bytes.len().max(at + data.len()).next_multiple_of(BLOCK), 0);
                bytes[*at..at + data.len()].copy_from_slice(data);
            }
            let recovered = open(bytes).unwrap_or_else(|e| panic!("{subset:?} of {all}: {e}"));
            let found = rows(&recovered);
            assert!(found == before || found == after, "{subset:?}");
            fell_back += usize::from(found == before);
            write(&recovered, 0..ROWS, 9);
        }
        assert!(fell_back > 0 && fell_back < 3 * all);
    }
}
