//! Storage for reading a database without writing to it: what redb writes, be it to recover a file that was not closed, stays
//! in memory.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use redb::{BackendError, StorageBackend};

use super::layout::{BLOCK, pieces};

/// Storage whose changes are gone when it is closed.
#[derive(Debug)]
pub struct CopyOnWrite {
    storage: Box<dyn StorageBackend>,
    state: RwLock<State>,
}

#[derive(Debug)]
struct State {
    len: u64,
    /// Bytes of the storage below that show; what was cut off comes back as zeros.
    shown: u64,
    written: BTreeMap<u64, [u8; BLOCK]>,
}

impl CopyOnWrite {
    pub fn new(storage: Box<dyn StorageBackend>) -> io::Result<Self> {
        let len = storage.len()?;
        Ok(Self {
            storage,
            state: RwLock::new(State {
                len,
                shown: len,
                written: BTreeMap::new(),
            }),
        })
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write()
    }

    fn block(&self, state: &State, block: u64) -> io::Result<[u8; BLOCK]> {
        if let Some(written) = state.written.get(&block) {
            return Ok(*written);
        }
        let mut bytes = [0; BLOCK];
        let start = block * BLOCK as u64;
        let below = state.shown.saturating_sub(start).min(BLOCK as u64);
        self.storage
            .read(start, &mut bytes[..usize::try_from(below).unwrap_or(BLOCK)])?;
        Ok(bytes)
    }
}

impl StorageBackend for CopyOnWrite {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().len)
    }

    fn read(&self, offset: u64, mut out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if offset + out.len() as u64 > state.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (block, range) in pieces(offset, out.len()) {
            let (piece, rest) = out.split_at_mut(range.len());
            piece.copy_from_slice(&self.block(&state, block)?[range]);
            out = rest;
        }
        Ok(())
    }

    /// `len` is a whole number of blocks.
    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state_mut();
        state
            .written
            .retain(|block, _| block * (BLOCK as u64) < len);
        state.shown = state.shown.min(len);
        state.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, mut data: &[u8]) -> io::Result<()> {
        let mut state = self.state_mut();
        state.len = state.len.max(offset + data.len() as u64);
        for (block, range) in pieces(offset, data.len()) {
            let (piece, rest) = data.split_at(range.len());
            let mut bytes = self.block(&state, block)?;
            bytes[range].copy_from_slice(piece);
            state.written.insert(block, bytes);
            data = rest;
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.storage.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.unlock_range(start, end)
    }
}
