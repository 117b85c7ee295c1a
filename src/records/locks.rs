//! Turns of those who change the same record: one after the other, so that none has to decide again and again because others
//! were faster.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Records with the same remainder share a lock.
const STRIPES: usize = 256;

/// Locks of records, by their ids.
#[derive(Clone)]
pub struct RecordLocks(Arc<[Arc<Mutex<()>>]>);

impl Default for RecordLocks {
    fn default() -> Self {
        Self((0..STRIPES).map(|_| Arc::default()).collect())
    }
}

impl RecordLocks {
    /// Waits until nobody else changes these records, and keeps others waiting until the guards are dropped.
    pub async fn lock(&self, ids: impl Iterator<Item = &str>) -> Vec<OwnedMutexGuard<()>> {
        // In one order for all, so that no two wait for each other.
        let stripes: BTreeSet<usize> = ids.map(stripe).collect();
        let mut guards = Vec::with_capacity(stripes.len());
        for stripe in stripes {
            guards.push(Arc::clone(&self.0[stripe]).lock_owned().await);
        }
        guards
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a remainder")]
fn stripe(id: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    (hasher.finish() % STRIPES as u64) as usize
}
