//! Stages in the life of an open database: what its storage does depends on them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// Stages of a database, from opening to closing. A database whose commit failed is retired: nothing of it reaches the file any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// redb reads and mends the file.
    Opening,
    /// The same, of a file whose last commit was one-phase: redb's own checksums decide.
    Recovering,
    /// For everybody.
    Open,
    /// redb writes its last bookkeeping.
    Closing,
    /// It refuses everything.
    Retired,
}

const ALL: [Stage; 5] = [
    Stage::Opening,
    Stage::Recovering,
    Stage::Open,
    Stage::Closing,
    Stage::Retired,
];

/// The stage of one database, shared by its storage and its engine.
#[derive(Clone, Debug, Default)]
pub struct SharedStage(Arc<State>);

#[derive(Debug, Default)]
struct State {
    stage: AtomicU8,
    has_failed: AtomicBool,
    filled: AtomicU64,
    written: AtomicU64,
}

impl SharedStage {
    /// The stage now.
    pub fn get(&self) -> Stage {
        ALL[usize::from(self.0.stage.load(Ordering::Acquire))]
    }

    /// Goes on to `stage`.
    pub fn set(&self, stage: Stage) {
        self.0.stage.store(stage as u8, Ordering::Release);
    }

    /// Tells whether redb was told of an error, or what it did was cut by a panic: it has to be opened anew.
    pub fn has_failed(&self) -> bool {
        self.0.has_failed.load(Ordering::Acquire)
    }

    /// Says that it has to be opened anew.
    pub fn fail(&self) {
        self.0.has_failed.store(true, Ordering::Release);
    }

    /// Blocks that were zeros when the storage was opened, and are not since.
    pub fn filled(&self) -> u64 {
        self.0.filled.load(Ordering::Relaxed)
    }

    /// Bytes that were to be written since the storage was opened.
    pub fn written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }

    /// Counts bytes that are to be written.
    pub fn count_written(&self, bytes: usize) {
        self.0.written.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts a block that is no longer zeros.
    pub fn count_filled(&self) {
        self.0.filled.fetch_add(1, Ordering::Relaxed);
    }

    /// Refuses whatever is asked of a retired database: a newer one may have overwritten its pages.
    pub fn ensure_in_use(&self) -> io::Result<()> {
        match self.get() {
            Stage::Retired => Err(io::Error::other("the database was closed after an error")),
            _ => Ok(()),
        }
    }
}
