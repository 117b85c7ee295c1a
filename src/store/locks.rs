//! Locks of records, so that many changes of one record wait for each other instead of meeting [`Conflict::Changed`].
//!
//! [`Conflict::Changed`]: super::Conflict::Changed

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::domain::RecordId;

/// Locks, which records share by their ids' hashes.
const STRIPES: usize = 256;

/// The locks of a store's records.
pub struct Locks {
    stripes: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

/// Locked records, until it is dropped.
#[must_use]
pub struct RecordLocks {
    _guards: Vec<OwnedMutexGuard<()>>,
}

impl Locks {
    pub fn new() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Waits for the locks one after the other, always in the same order: two who want the same ones cannot block each other.
    pub async fn lock<'a>(&self, ids: impl IntoIterator<Item = &'a RecordId>) -> RecordLocks {
        let stripes: BTreeSet<_> = ids.into_iter().map(|id| self.stripe(id)).collect();
        let mut guards = Vec::with_capacity(stripes.len());
        for stripe in stripes {
            guards.push(Arc::clone(&self.stripes[stripe]).lock_owned().await);
        }
        RecordLocks { _guards: guards }
    }

    fn stripe(&self, id: &RecordId) -> usize {
        let hash = self.hasher.hash_one(id) % STRIPES as u64;
        usize::try_from(hash).unwrap_or_default()
    }
}
