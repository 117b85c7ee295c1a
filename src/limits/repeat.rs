//! Repetition: what is remembered of a request.

use super::table::Entry;
use super::time::NEVER;

/// A request that is in flight, or when it was finished.
#[derive(Clone, Copy, PartialEq)]
pub struct Repeat {
    pub running: bool,
    pub at: i64,
}

impl Default for Repeat {
    fn default() -> Self {
        Self {
            running: false,
            at: NEVER,
        }
    }
}

impl Entry for Repeat {
    fn worth(&self) -> i64 {
        if self.running { i64::MAX } else { self.at }
    }
}
