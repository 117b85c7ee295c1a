//! Changes that are still to be told, by whose stream it is: each owner has a turn, however much waits for the others.

use std::collections::HashSet;
use std::mem;

use crate::domain::Actor;
use crate::fair::{Bounds, Queue};
use parking_lot::{Mutex, MutexGuard};

/// The most bytes that wait for all streams, and for those of one owner.
const BYTES: Bounds = Bounds {
    all: 12 << 20,
    each: 3 << 20,
};

/// Works in the order of their owners' turns; those of one owner in the order in which they came.
pub struct Backlog<T>(Mutex<State<T>>);

struct State<T> {
    works: Queue<Actor, Owned<T>>,
    /// Somebody takes works until there are none.
    is_worked_off: bool,
}

struct Owned<T>(Actor, T);

impl<T> Backlog<T> {
    pub fn new() -> Self {
        Self(Mutex::new(State {
            works: Queue::new(BYTES),
            is_worked_off: false,
        }))
    }

    /// Adds a work of so many bytes. The answer is the owners for whom too much waited: nothing of that is done.
    pub fn push(&self, owner: &Actor, work: T, bytes: usize) -> HashSet<Actor> {
        let works = &mut self.state().works;
        let dropped = works.push(owner.clone(), bytes, Owned(owner.clone(), work));
        let dropped = dropped.unwrap_or_else(|refused| vec![refused]);
        let owners: HashSet<_> = dropped.into_iter().map(|Owned(owner, _)| owner).collect();
        for owner in &owners {
            works.retain(owner, |_| false);
        }
        owners
    }

    /// Whether the caller has to take works until there are none.
    pub fn begin(&self) -> bool {
        let mut state = self.state();
        !state.works.is_empty() && !mem::replace(&mut state.is_worked_off, true)
    }

    /// The next work. After nothing somebody has to begin again.
    pub fn next(&self) -> Option<T> {
        let mut state = self.state();
        let next = state.works.pop(|_| true);
        state.is_worked_off = next.is_some();
        next.map(|(_, Owned(_, work))| work)
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RecordId;

    fn owner(n: usize) -> Actor {
        Actor::User(RecordId::parse(&format!("u{n:014}")).unwrap())
    }

    #[test]
    fn somebody_works_until_there_is_nothing_left() {
        let backlog = Backlog::new();
        assert!(!backlog.begin());
        for work in [(1, 'a'), (1, 'b'), (2, 'x')] {
            assert!(backlog.push(&owner(work.0), work, 1).is_empty());
        }
        assert!(backlog.begin() && !backlog.begin());
        let order: String = std::iter::from_fn(|| backlog.next())
            .map(|(_, name)| name)
            .collect();
        assert_eq!(order, "axb");
        assert!(!backlog.begin());
        backlog.push(&owner(1), (1, 'd'), 1);
        assert!(backlog.begin());
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
            (left, backlog.state().works.weight()),
            (vec![3, 4, 5, 6], 0)
        );
    }
}
