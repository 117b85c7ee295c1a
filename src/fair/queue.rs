//! A queue that is fair by key, and bounded.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// The most weight that may wait.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of all keys together.
    pub all: usize,
    /// Of one key.
    pub each: usize,
}

/// Entries by key: keys take turns, and the entries of one key stay in order. When all is full, a key that has much waiting makes
/// room for one that has less.
pub struct Queue<K, T> {
    bounds: Bounds,
    lists: HashMap<K, List<T>>,
    /// The keys that have entries; the one whose turn it is comes first.
    ring: VecDeque<K>,
    weight: usize,
}

struct List<T> {
    entries: VecDeque<(usize, T)>,
    weight: usize,
}

impl<K: Clone + Eq + Hash, T> Queue<K, T> {
    /// An empty queue.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            lists: HashMap::new(),
            ring: VecDeque::new(),
            weight: 0,
        }
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// The weight of all that waits.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Adds an entry; the entries that had to make room for it, newest first.
    ///
    /// # Errors
    /// The entry itself: its key has its share waiting, or all is full and no other key has more waiting.
    pub fn push(&mut self, key: K, weight: usize, entry: T) -> Result<Vec<T>, T> {
        let own = self.weight_of(&key) + weight;
        if own > self.bounds.each || weight > self.bounds.all {
            return Err(entry);
        }
        let mut dropped = Vec::new();
        while self.weight + weight > self.bounds.all {
            match self.heaviest(own) {
                Some(heaviest) => dropped.extend(self.pop_newest(&heaviest)),
                None if dropped.is_empty() => return Err(entry),
                None => break,
            }
        }
        if !self.lists.contains_key(&key) {
            self.ring.push_back(key.clone());
        }
        let list = self.lists.entry(key).or_insert_with(|| List {
            entries: VecDeque::new(),
            weight: 0,
        });
        list.entries.push_back((weight, entry));
        list.weight += weight;
        self.weight += weight;
        Ok(dropped)
    }

    /// The next entry, of the first key in turn that `may_go`.
    pub fn pop(&mut self, may_go: impl Fn(&K) -> bool) -> Option<(K, T)> {
        let place = self.ring.iter().position(may_go)?;
        let key = self.ring.remove(place)?;
        let list = self.lists.get_mut(&key)?;
        let (weight, entry) = list.entries.pop_front()?;
        list.weight -= weight;
        self.weight -= weight;
        if list.entries.is_empty() {
            self.lists.remove(&key);
        } else {
            self.ring.push_back(key.clone());
        }
        Some((key, entry))
    }

    /// Forgets the entries of `key` that are not to be kept.
    pub fn retain(&mut self, key: &K, keep: impl Fn(&T) -> bool) {
        let Some(list) = self.lists.get_mut(key) else {
            return;
        };
        let before = list.weight;
        list.entries.retain(|(_, entry)| keep(entry));
        list.weight = list.entries.iter().map(|(weight, _)| weight).sum();
        self.weight -= before - list.weight;
        self.forget_if_empty(key);
    }

    fn weight_of(&self, key: &K) -> usize {
        self.lists.get(key).map_or(0, |list| list.weight)
    }

    /// The key that has most waiting, if that is more than `weight`.
    fn heaviest(&self, weight: usize) -> Option<K> {
        let heavier = self.lists.iter().filter(|(_, list)| list.weight > weight);
        heavier
            .max_by_key(|(_, list)| list.weight)
            .map(|(key, _)| key.clone())
    }

    fn pop_newest(&mut self, key: &K) -> Option<T> {
        let list = self.lists.get_mut(key)?;
        let (weight, entry) = list.entries.pop_back()?;
        list.weight -= weight;
        self.weight -= weight;
        self.forget_if_empty(key);
        Some(entry)
    }

    fn forget_if_empty(&mut self, key: &K) {
        if self
            .lists
            .get(key)
            .is_some_and(|list| list.entries.is_empty())
        {
            self.lists.remove(key);
            self.ring.retain(|other| other != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(all: usize, each: usize) -> Queue<char, u32> {
        Queue::new(Bounds { all, each })
    }

    fn drain(queue: &mut Queue<char, u32>) -> Vec<(char, u32)> {
        std::iter::from_fn(|| queue.pop(|_| true)).collect()
    }

    #[test]
    fn keys_take_turns_and_their_entries_stay_in_order() {
        let mut queue = queue(10, 10);
        for (key, entry) in [('a', 1), ('a', 2), ('a', 3), ('b', 4), ('c', 5), ('b', 6)] {
            assert_eq!(queue.push(key, 1, entry), Ok(vec![]));
        }
        let expected = [('a', 1), ('b', 4), ('c', 5), ('a', 2), ('b', 6), ('a', 3)];
        assert_eq!(drain(&mut queue), expected);
        assert!(queue.is_empty() && queue.weight() == 0 && queue.lists.is_empty());
    }

    #[test]
    fn a_key_has_no_more_than_its_share_waiting() {
        let mut queue = queue(10, 3);
        assert_eq!(queue.push('a', 2, 1), Ok(vec![]));
        assert_eq!(queue.push('a', 2, 2), Err(2));
        assert_eq!(queue.push('a', 1, 3), Ok(vec![]));
        assert_eq!(queue.push('b', 3, 4), Ok(vec![]));
        assert_eq!(queue.weight(), 6);
    }

    #[test]
    fn who_has_much_waiting_makes_room_for_who_has_less() {
        let mut queue = queue(4, 4);
        for (key, entry) in [('a', 1), ('a', 2), ('a', 3), ('b', 4)] {
            assert_eq!(queue.push(key, 1, entry), Ok(vec![]));
        }
        assert_eq!(queue.push('c', 1, 5), Ok(vec![3]));
        assert_eq!(
            queue.push('b', 1, 6),
            Err(6),
            "two of b push out none of two"
        );
        assert_eq!(queue.push('a', 1, 7), Err(7));
        assert_eq!(queue.push('d', 1, 8), Ok(vec![2]));
        assert_eq!(queue.push('e', 1, 9), Err(9), "each has one");
        assert_eq!(drain(&mut queue), [('a', 1), ('b', 4), ('c', 5), ('d', 8)]);
    }

    #[test]
    fn a_key_that_may_not_go_keeps_its_turn() {
        let mut queue = queue(10, 10);
        for (key, entry) in [('a', 1), ('b', 2), ('b', 3)] {
            queue.push(key, 1, entry).unwrap();
        }
        assert_eq!(queue.pop(|key| *key != 'a'), Some(('b', 2)));
        assert_eq!(queue.pop(|_| false), None);
        assert_eq!(drain(&mut queue), [('a', 1), ('b', 3)]);
    }

    #[test]
    fn what_is_not_kept_is_gone_from_the_account_too() {
        let mut queue = queue(10, 10);
        for (key, entry) in [('a', 1), ('a', 2), ('b', 3)] {
            queue.push(key, 2, entry).unwrap();
        }
        queue.retain(&'a', |entry| *entry == 2);
        assert_eq!(queue.weight(), 4);
        queue.retain(&'b', |_| false);
        queue.retain(&'c', |_| false);
        assert_eq!(drain(&mut queue), [('a', 2)]);
        assert!(queue.lists.is_empty());
    }
}
