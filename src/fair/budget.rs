//! Room that many share, of which none may hold more than a share; some of it is for those who hold little.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::Bounds;
use parking_lot::{Mutex, MutexGuard};

/// So many of something (bytes, connections) in all, of which one key may hold so many.
pub struct Budget<K>(Arc<Shared<K>>);

struct Shared<K> {
    bounds: Bounds,
    held: Mutex<Held<K>>,
}

struct Held<K> {
    all: usize,
    by: HashMap<K, usize>,
}

/// Share that somebody holds until this is dropped.
pub struct Share<K: Eq + Hash> {
    budget: Arc<Shared<K>>,
    key: K,
    amount: usize,
}

impl<K: Clone + Eq + Hash> Budget<K> {
    /// A budget of which nothing is held.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let held = Mutex::new(Held {
            all: 0,
            by: HashMap::new(),
        });
        Self(Arc::new(Shared { bounds, held }))
    }

    /// A share of `amount`, if there is so much left for all and for `key`.
    #[must_use]
    pub fn take(&self, key: K, amount: usize) -> Option<Share<K>> {
        let mut share = Share {
            budget: Arc::clone(&self.0),
            key,
            amount: 0,
        };
        share.resize(amount).then_some(share)
    }

    /// Amount that is held of it.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.held().all
    }
}

impl<K> Shared<K> {
    fn held(&self) -> MutexGuard<'_, Held<K>> {
        self.held.lock()
    }
}

impl<K: Clone + Eq + Hash> Share<K> {
    /// The size of the share.
    #[must_use]
    pub fn amount(&self) -> usize {
        self.amount
    }

    /// Makes the share larger or smaller; false, and nothing changes, if there is not so much left.
    pub fn resize(&mut self, amount: usize) -> bool {
        let Shared { bounds, .. } = *self.budget;
        let mut held = self.budget.held();
        let all = held.all - self.amount + amount;
        let own = held.by.get(&self.key).copied().unwrap_or(0) - self.amount + amount;
        if amount > self.amount && (all > bounds.for_one_with(own) || own > bounds.each) {
            return false;
        }
        held.set(self.key.clone(), all, own);
        drop(held);
        self.amount = amount;
        true
    }
}

impl Bounds {
    /// The room in which somebody who holds so much may have some: an eighth is for those who hold little, so that a few who hold
    /// their shares leave a place for others.
    fn for_one_with(self, own: usize) -> usize {
        let little = self.each / 16;
        let is_shared = little > 0 && self.each < self.all;
        if is_shared && own > little {
            self.all - self.all / 8
        } else {
            self.all
        }
    }
}

impl<K: Eq + Hash> Held<K> {
    fn set(&mut self, key: K, all: usize, own: usize) {
        self.all = all;
        if own == 0 {
            self.by.remove(&key);
        } else {
            self.by.insert(key, own);
        }
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.budget.held();
        held.all -= self.amount;
        if let Some(own) = held.by.get_mut(&self.key) {
            *own -= self.amount;
            if *own == 0 {
                held.by.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_so_much_for_all_and_a_share_for_each() {
        let budget = Budget::new(Bounds { all: 10, each: 4 });
        let mut a = budget.take('a', 3).unwrap();
        assert!(budget.take('a', 2).is_none());
        let more_of_a = budget.take('a', 1).unwrap();
        let b = budget.take('b', 4).unwrap();
        assert!(budget.take('c', 3).is_none());
        let c = budget.take('c', 2).unwrap();
        assert_eq!(budget.held(), 10);
        assert!(!a.resize(4) && a.resize(1));
        assert!(!a.resize(4), "three of a and one more");
        drop((more_of_a, b));
        assert!(a.resize(4));
        drop((a, c));
        assert_eq!(budget.held(), 0);
        assert!(budget.0.held().by.is_empty());
    }

    #[test]
    fn some_room_is_for_those_who_hold_little() {
        let budget = Budget::new(Bounds { all: 64, each: 16 });
        let mut many: Vec<_> = (0..4).map(|key| budget.take(key, 14).unwrap()).collect();
        assert_eq!(budget.held(), 56);
        assert!(!many[0].resize(15));
        let few: Vec<_> = (10..18).map(|key| budget.take(key, 1).unwrap()).collect();
        assert!(budget.take(99, 1).is_none());
        drop((many, few));
        let alone = Budget::new(Bounds { all: 64, each: 64 });
        assert!(alone.take('a', 64).is_some());
    }

    #[test]
    fn nothing_is_a_share_too() {
        let budget = Budget::new(Bounds { all: 0, each: 0 });
        let nothing = budget.take('a', 0).unwrap();
        assert!(budget.take('a', 1).is_none());
        drop(nothing);
        assert!(budget.0.held().by.is_empty());
    }
}
