//! Places that are given to those who wait for one in turn.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot::{self, Sender};

use super::{Bounds, Queue};

/// A number of places. Who waits for one gets it in turn with other keys, however many wait for the same key.
pub struct Turns<K: Clone + Eq + Hash>(Arc<Shared<K>>);

struct Shared<K: Clone + Eq + Hash> {
    /// Places: how many there are, and how many one key may have.
    places: Bounds,
    state: Mutex<State<K>>,
}

struct State<K: Clone + Eq + Hash> {
    taken: usize,
    by: HashMap<K, usize>,
    waiting: Queue<K, Sender<Turn<K>>>,
}

/// A place, until it is dropped.
pub struct Turn<K: Clone + Eq + Hash> {
    turns: Arc<Shared<K>>,
    key: K,
    /// False when the place was given back already.
    is_held: bool,
}

/// There is no room to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many wait already")]
pub struct Full;

type Granted<K> = (Sender<Turn<K>>, Turn<K>);

impl<K: Clone + Eq + Hash> Turns<K> {
    /// So many `places`, and so many who may wait for one; each in all and of one key.
    #[must_use]
    pub fn new(places: Bounds, waiting: Bounds) -> Self {
        let state = State {
            taken: 0,
            by: HashMap::new(),
            waiting: Queue::new(waiting),
        };
        Self(Arc::new(Shared {
            places,
            state: Mutex::new(state),
        }))
    }

    /// A place, once it is this one's turn.
    ///
    /// # Errors
    /// [`Full`], at once; or later, when somebody who has less waiting took the room.
    pub async fn take(&self, key: K) -> Result<Turn<K>, Full> {
        let (sender, turn) = oneshot::channel();
        self.0.wait(key, sender)?;
        turn.await.map_err(|_| Full)
    }

    /// Number of those who wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.state().waiting.weight()
    }
}

impl<K: Clone + Eq + Hash> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> Turn<K> {
    /// Lets those who wait go first, if any do, and waits for the next turn. Blocks its thread.
    ///
    /// # Errors
    /// [`Full`], then and ever after: the place is lost, because somebody who has less waiting took the room to wait.
    pub fn pass(&mut self) -> Result<(), Full> {
        if !self.is_held {
            return Err(Full);
        }
        if self.turns.state().waiting.is_empty() {
            return Ok(());
        }
        let (sender, turn) = oneshot::channel();
        // Without room to wait it stays where it is.
        if self.turns.wait(self.key.clone(), sender).is_err() {
            return Ok(());
        }
        self.is_held = false;
        self.turns.release(&self.key);
        *self = turn.blocking_recv().map_err(|_| Full)?;
        Ok(())
    }
}

impl<K: Clone + Eq + Hash> Shared<K> {
    /// Puts `sender` into the queue, or answers it at once.
    fn wait(self: &Arc<Self>, key: K, sender: Sender<Turn<K>>) -> Result<(), Full> {
        let mut state = self.state();
        if state.taken < self.places.all && state.of(&key) < self.places.each {
            let turn = self.place(&mut state, key);
            drop(state);
            answer(vec![(sender, turn)]);
            return Ok(());
        }
        // Those who have gone away wait no more.
        state.waiting.retain(&key, |waiting| !waiting.is_closed());
        let dropped = state.waiting.push(key, 1, sender);
        drop(state);
        dropped.map(drop).map_err(|_| Full)
    }

    fn release(self: &Arc<Self>, key: &K) {
        let mut state = self.state();
        state.taken -= 1;
        if let Some(own) = state.by.get_mut(key) {
            *own -= 1;
            if *own == 0 {
                state.by.remove(key);
            }
        }
        let granted = self.grant(&mut state);
        drop(state);
        answer(granted);
    }

    /// Gives the free places to those whose turn it is.
    fn grant(self: &Arc<Self>, state: &mut State<K>) -> Vec<Granted<K>> {
        let mut granted = Vec::new();
        while state.taken < self.places.all {
            let State { by, waiting, .. } = state;
            let may_go = |key: &K| by.get(key).copied().unwrap_or(0) < self.places.each;
            let Some((key, sender)) = waiting.pop(may_go) else {
                break;
            };
            if !sender.is_closed() {
                granted.push((sender, self.place(state, key)));
            }
        }
        granted
    }

    fn place(self: &Arc<Self>, state: &mut State<K>, key: K) -> Turn<K> {
        state.taken += 1;
        *state.by.entry(key.clone()).or_insert(0) += 1;
        Turn {
            turns: Arc::clone(self),
            key,
            is_held: true,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock()
    }
}

impl<K: Clone + Eq + Hash> State<K> {
    /// Places that `key` has.
    fn of(&self, key: &K) -> usize {
        self.by.get(key).copied().unwrap_or(0)
    }
}

/// Hands the places over, not under the lock: who has gone away meanwhile gives theirs back.
fn answer<K: Clone + Eq + Hash>(granted: Vec<Granted<K>>) {
    for (sender, turn) in granted {
        drop(sender.send(turn));
    }
}

impl<K: Clone + Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        if self.is_held {
            self.turns.release(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    const MANY: Bounds = Bounds {
        all: 100,
        each: 100,
    };

    fn turns(places: usize) -> Turns<char> {
        Turns::new(
            Bounds {
                all: places,
                each: places,
            },
            MANY,
        )
    }

    /// Waits for a place, in order of the calls.
    fn wait(turns: &Turns<char>, key: char) -> oneshot::Receiver<Turn<char>> {
        let (sender, turn) = oneshot::channel();
        turns.0.wait(key, sender).unwrap();
        turn
    }

    #[tokio::test]
    async fn who_waits_once_does_not_wait_for_all_who_wait_for_another() {
        let turns = turns(1);
        let first = turns.take('a').await.unwrap();
        let mut of_a: Vec<_> = (0..10).map(|_| wait(&turns, 'a')).collect();
        let of_b = wait(&turns, 'b');
        assert_eq!(turns.waiting(), 11);
        drop(first);
        let a = of_a.remove(0).await.unwrap();
        drop(a);
        drop(of_b.await.unwrap());
        for turn in of_a {
            drop(turn.await.unwrap());
        }
        let state = turns.0.state();
        assert_eq!((state.taken, state.by.len()), (0, 0));
    }

    #[tokio::test]
    async fn a_key_has_no_more_than_its_share_of_the_places() {
        let turns = Turns::new(Bounds { all: 4, each: 2 }, MANY);
        let held = [
            turns.take('a').await.unwrap(),
            turns.take('a').await.unwrap(),
        ];
        let third = wait(&turns, 'a');
        let b = turns.take('b').now_or_never().unwrap().unwrap();
        let mut third = Box::pin(third);
        assert!((&mut third).now_or_never().is_none());
        drop(held);
        assert!(third.now_or_never().unwrap().is_ok());
        drop(b);
    }

    #[tokio::test]
    async fn who_has_gone_away_takes_no_place_and_no_room() {
        let turns = Turns::new(Bounds { all: 1, each: 1 }, Bounds { all: 2, each: 2 });
        let first = turns.take('a').await.unwrap();
        drop((wait(&turns, 'a'), wait(&turns, 'a')));
        let waits = wait(&turns, 'a');
        drop(wait(&turns, 'a'));
        drop(first);
        drop(waits.await.unwrap());
        assert!(turns.take('b').now_or_never().unwrap().is_ok());
    }

    #[tokio::test]
    async fn who_waits_least_gets_room_to_wait() {
        let turns = Turns::new(Bounds { all: 1, each: 1 }, Bounds { all: 2, each: 2 });
        let first = turns.take('a').await.unwrap();
        let (a, dropped) = (wait(&turns, 'a'), wait(&turns, 'a'));
        let b = wait(&turns, 'b');
        assert!(dropped.await.is_err());
        assert_eq!(turns.take('c').await.err(), Some(Full));
        drop(first);
        drop(a.await.unwrap());
        drop(b.await.unwrap());
    }

    #[tokio::test]
    async fn without_room_to_wait_there_are_places_still() {
        let turns = Turns::new(Bounds { all: 1, each: 1 }, Bounds { all: 0, each: 0 });
        let first = turns.take('a').await.unwrap();
        assert_eq!(turns.take('b').await.err(), Some(Full));
        drop(first);
        assert!(turns.take('b').await.is_ok());
    }

    #[test]
    fn a_place_that_was_lost_stays_lost() {
        let turns = Turns::new(Bounds { all: 1, each: 1 }, Bounds { all: 1, each: 1 });
        let mut long = turns.take('a').now_or_never().unwrap().unwrap();
        let short = wait(&turns, 'b');
        long.pass().unwrap();
        assert_eq!(turns.waiting(), 1, "there was no room to wait");
        drop(short);
        long.is_held = false;
        turns.0.release(&'a');
        assert_eq!((long.pass(), long.pass()), (Err(Full), Err(Full)));
        drop(long);
        assert_eq!(turns.0.state().taken, 0);
    }

    #[test]
    fn who_passes_lets_those_who_wait_go_first() {
        let turns = turns(1);
        let mut long = turns.take('a').now_or_never().unwrap().unwrap();
        long.pass().unwrap();
        let short = wait(&turns, 'b');
        let other = std::thread::spawn(move || {
            let short = short.blocking_recv().unwrap();
            std::thread::sleep(Duration::from_millis(50));
            drop(short);
        });
        long.pass().unwrap();
        assert_eq!(turns.waiting(), 0);
        assert_eq!(turns.0.state().taken, 1);
        other.join().unwrap();
        drop(long);
        assert_eq!(turns.0.state().taken, 0);
    }
}
