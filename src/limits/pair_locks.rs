//! Locks of pairs of a subject and a source, so that their attempts are counted and verified one after the other: of many at
//! once with the right password none counts as a failure of another.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// The locks of the pairs that have an attempt under way, by key.
#[derive(Default)]
pub struct PairLocks(Mutex<HashMap<u64, Arc<AsyncMutex<()>>>>);

/// A pair that is locked, or waits for it, until this is dropped.
pub struct PairLock<'a> {
    locks: &'a PairLocks,
    key: u64,
    lock: Arc<AsyncMutex<()>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl PairLocks {
    /// Waits for those who came before.
    pub async fn lock(&self, key: u64) -> PairLock<'_> {
        let mut pair = PairLock {
            locks: self,
            key,
            lock: Arc::clone(self.0.lock().entry(key).or_default()),
            guard: None,
        };
        pair.guard = Some(Arc::clone(&pair.lock).lock_owned().await);
        pair
    }
}

impl Drop for PairLock<'_> {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut locks = self.locks.0.lock();
        // The table's and ours: nobody else has it or waits for it.
        if Arc::strong_count(&self.lock) == 2 {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pair_is_locked_by_one_and_forgotten_after_the_last() {
        let locks = PairLocks::default();
        let first = locks.lock(1).await;
        let other = locks.lock(2).await;
        let mut second = Box::pin(locks.lock(1));
        assert!(futures_util::poll!(&mut second).is_pending());
        let mut gone = Box::pin(locks.lock(1));
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(gone);
        drop(first);
        let second = second.await;
        drop((second, other));
        assert!(locks.0.lock().is_empty());
    }
}
