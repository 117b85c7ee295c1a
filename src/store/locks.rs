//! Locks of records, so that many changes of one record wait for each other instead of meeting [`Conflict::Changed`].
//!
//! [`Conflict::Changed`]: super::Conflict::Changed

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::domain::RecordId;

/// The locks of a store's records. Records that are not locked take no memory.
#[derive(Clone, Default)]
pub struct Locks(Arc<Mutex<HashMap<RecordId, Arc<AsyncMutex<()>>>>>);

/// Locked records, until it is dropped.
#[must_use]
pub struct RecordLocks {
    locks: Locks,
    records: Vec<LockedRecord>,
}

struct LockedRecord {
    id: RecordId,
    /// `None` while others have the lock.
    guard: Option<OwnedMutexGuard<()>>,
}

impl Locks {
    /// Waits for the locks one after the other, always in the same order: two who want the same ones cannot block each other.
    pub async fn lock<'a>(&self, ids: impl IntoIterator<Item = &'a RecordId>) -> RecordLocks {
        let ids: BTreeSet<_> = ids.into_iter().collect();
        let mut locked = RecordLocks {
            locks: self.clone(),
            records: Vec::with_capacity(ids.len()),
        };
        for id in ids {
            locked.lock(id).await;
        }
        locked
    }

    fn lock_of(&self, id: &RecordId) -> Arc<AsyncMutex<()>> {
        Arc::clone(self.0.lock().entry(id.clone()).or_default())
    }
}

impl RecordLocks {
    /// Adds a record. It is in the list before it is waited for, so that whoever stops waiting leaves no lock behind.
    async fn lock(&mut self, id: &RecordId) {
        let lock = self.locks.lock_of(id);
        self.records.push(LockedRecord {
            id: id.clone(),
            guard: None,
        });
        let guard = lock.lock_owned().await;
        if let Some(last) = self.records.last_mut() {
            last.guard = Some(guard);
        }
    }
}

impl Drop for RecordLocks {
    fn drop(&mut self) {
        let mut locks = self.locks.0.lock();
        for LockedRecord { id, guard } in self.records.drain(..) {
            drop(guard);
            if locks
                .get(&id)
                .is_some_and(|lock| Arc::strong_count(lock) == 1)
            {
                locks.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn id(n: u8) -> RecordId {
        RecordId::from_random([n; 30])
    }

    #[tokio::test]
    async fn only_who_wants_a_locked_record_waits() {
        let locks = Locks::default();
        let held = locks.lock([&id(1), &id(2)]).await;
        assert!(locks.lock([&id(2), &id(3)]).now_or_never().is_none());
        assert!(locks.lock([&id(3), &id(4)]).now_or_never().is_some());
        drop(held);
        assert!(locks.lock([&id(2), &id(3)]).now_or_never().is_some());
    }

    #[tokio::test]
    async fn no_lock_is_left_behind_by_who_has_it_or_stops_waiting_for_it() {
        let locks = Locks::default();
        let ids = [id(1), id(2)];
        let held = locks.lock(&ids[..1]).await;
        let mut waiting = Box::pin(locks.lock(&ids));
        assert!(futures_util::poll!(&mut waiting).is_pending());
        drop(waiting);
        drop(held);
        assert!(locks.0.lock().is_empty());
    }
}
