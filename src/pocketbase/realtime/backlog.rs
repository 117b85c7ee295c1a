//! Backlog of deliveries, in which the owners of streams take turns, however much waits for the others.

use std::collections::HashSet;
use std::mem;

use super::client::Owner;
use crate::fair::{Bounds, Queue};
use parking_lot::{Mutex, MutexGuard};

/// Bytes that may wait for all streams, and for those of one owner.
const BYTES: Bounds = Bounds {
    all: 12 << 20,
    each: 3 << 20,
};

/// Deliveries in the order of their owners' turns; those of one owner in the order in which they came.
pub struct Backlog<D>(Mutex<State<D>>);

struct State<D> {
    deliveries: Queue<Owner, Owned<D>>,
    /// Whether a thread takes deliveries until there are none.
    is_draining: bool,
}

struct Owned<D>(Owner, D);

impl<D> Backlog<D> {
    pub fn new() -> Self {
        Self(Mutex::new(State {
            deliveries: Queue::new(BYTES),
            is_draining: false,
        }))
    }

    /// Adds a delivery of so many bytes. The result is the owners for whom too much waited: all that is dropped.
    pub fn push(&self, owner: &Owner, delivery: D, bytes: usize) -> HashSet<Owner> {
        let deliveries = &mut self.state().deliveries;
        let dropped = deliveries.push(owner.clone(), bytes, Owned(owner.clone(), delivery));
        let dropped = dropped.unwrap_or_else(|refused| vec![refused]);
        let owners: HashSet<_> = dropped.into_iter().map(|Owned(owner, _)| owner).collect();
        for owner in &owners {
            deliveries.retain(owner, |_| false);
        }
        owners
    }

    /// Whether the caller has to take deliveries until there are none, because nobody else does.
    pub fn start_draining(&self) -> bool {
        let mut state = self.state();
        !state.deliveries.is_empty() && !mem::replace(&mut state.is_draining, true)
    }

    /// Next delivery. When there is none, the draining has ended.
    pub fn next(&self) -> Option<D> {
        let mut state = self.state();
        let next = state.deliveries.pop(|_| true);
        state.is_draining = next.is_some();
        next.map(|(_, Owned(_, delivery))| delivery)
    }

    fn state(&self) -> MutexGuard<'_, State<D>> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, RecordId};

    fn owner(n: usize) -> Owner {
        Owner::Account(Actor::User(RecordId::parse(&format!("u{n:014}")).unwrap()))
    }

    #[test]
    fn somebody_works_until_there_is_nothing_left() {
        let backlog = Backlog::new();
        assert!(!backlog.start_draining());
        for work in [(1, 'a'), (1, 'b'), (2, 'x')] {
            assert!(backlog.push(&owner(work.0), work, 1).is_empty());
        }
        assert!(backlog.start_draining() && !backlog.start_draining());
        let order: String = std::iter::from_fn(|| backlog.next())
            .map(|(_, name)| name)
            .collect();
        assert_eq!(order, "axb");
        assert!(!backlog.start_draining());
        backlog.push(&owner(1), (1, 'd'), 1);
        assert!(backlog.start_draining());
    }

    #[test]
    fn who_has_too_much_loses_it_and_nobody_else_does() {
        let backlog = Backlog::new();
        let none = HashSet::new();
        for n in 1..=4 {
            assert_eq!(backlog.push(&owner(n), n, BYTES.each - n), none);
        }
        assert_eq!(backlog.push(&owner(2), 2, 3), HashSet::from([owner(2)]));
        assert_eq!(backlog.push(&owner(5), 5, BYTES.each - 5), none);
        assert_eq!(backlog.push(&owner(6), 6, 100), HashSet::from([owner(1)]));
        let left: Vec<_> = std::iter::from_fn(|| backlog.next()).collect();
        assert_eq!(
            (left, backlog.state().deliveries.weight()),
            (vec![3, 4, 5, 6], 0)
        );
    }
}
