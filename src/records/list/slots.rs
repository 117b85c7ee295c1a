//! Slots for work that takes long: lists that read many records, and filters that cost much of one.
//!
//! Actors take turns, however much any of them asks for; a list that takes longer than a slice of time lets those who wait go first.

use std::cell::{Cell, RefCell};
use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use tokio_util::sync::{CancellationToken, DropGuard};

use crate::domain::Actor;
use crate::error::{Error, Result};
use crate::fair::{Bounds, Full, Turn, Turns};

/// Most lists and filters that are worked on at once: two, so that one does not stop every other. No actor has both slots.
const RUNNING: Bounds = Bounds { all: 2, each: 1 };

/// Lists that may have begun, whether they run or wait for their next turn: as many as there may be memory for.
const BEGUN: Bounds = Bounds { all: 4, each: 2 };

/// Bytes that a sorted list may keep of the records it has read: the keys of a hundred thousand. For a page behind that the
/// records are read once more for each hundred thousand before it.
pub const SORT_BYTES: usize = 16 << 20;

/// Bound of the keys of all lists that have begun, in bytes.
const _: () = assert!(BEGUN.all * SORT_BYTES <= 64 << 20);

/// Requests that may wait for a slot.
const WAITING: Bounds = Bounds { all: 256, each: 64 };

/// Time that a list runs before it lets others go first.
const SLICE: Duration = Duration::from_millis(20);

/// Steps between two readings of the clock.
const STEPS: u32 = 32;
/// Steps, about a tenth of a millisecond, between two offers of the core to whoever waits for it: a kernel with lazy preemption
/// leaves it to a thread that calls nothing of it until the next tick, up to 4 ms, however low its priority is.
const OFFER: u32 = 1024;

/// Time after which a client that found no room to wait may try again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Slots for lists and costly filters.
#[derive(Clone)]
pub struct ListSlots {
    begun: Turns<Actor>,
    running: Turns<Actor>,
}

impl ListSlots {
    pub fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            begun: Turns::new(BEGUN, WAITING),
            running: Turns::new(running(cores), WAITING),
        }
    }

    /// Slot for work that is short, or cannot be interrupted.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub async fn short(&self, actor: Actor) -> Result<Turn<Actor>> {
        self.running.take(actor).await.map_err(too_many)
    }

    /// Slot for a list, and a guard for whoever waits for it: when that is dropped, the slot is lost.
    ///
    /// # Errors
    /// [`Error::Busy`].
    pub async fn list(&self, actor: Actor) -> Result<(ListSlot, DropGuard)> {
        let begun = self.begun.take(actor.clone()).await.map_err(too_many)?;
        let turn = self.short(actor).await?;
        let gone = CancellationToken::new();
        let waiting = gone.clone().drop_guard();
        let slot = ListSlot {
            turn: RefCell::new(turn),
            since: Cell::new(Instant::now()),
            steps: Cell::new(0),
            is_lost: Cell::new(false),
            gone,
            _begun: begun,
        };
        Ok((slot, waiting))
    }
}

/// Lists that are worked on at once on so many cores. One core is left to logins where there is more than one: lists take turns,
/// and whoever logs in waits for none of them.
fn running(cores: usize) -> Bounds {
    Bounds {
        all: cores.saturating_sub(1).clamp(1, RUNNING.all),
        ..RUNNING
    }
}

/// Slot of a list, which yields to others now and then.
pub struct ListSlot {
    turn: RefCell<Turn<Actor>>,
    since: Cell<Instant>,
    steps: Cell<u32>,
    is_lost: Cell<bool>,
    gone: CancellationToken,
    _begun: Turn<Actor>,
}

impl ListSlot {
    /// Counts a step of the work. After a slice of time those who wait go first, which blocks the thread.
    ///
    /// # Errors
    /// [`Error::Busy`] when nobody waits for the list any more, or there is no room to wait for the next slice. Then and ever after:
    /// the slot is lost.
    pub fn step(&self) -> Result<()> {
        self.steps(1)
    }

    /// Counts so many steps at once.
    ///
    /// # Errors
    /// As [`ListSlot::step`].
    pub fn steps(&self, count: usize) -> Result<()> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let before = self.steps.replace(self.steps.get().wrapping_add(count));
        if self.is_lost.get() {
            return Err(too_many(Full));
        }
        if before / OFFER != self.steps.get() / OFFER {
            thread::yield_now();
        }
        let is_due = before / STEPS != self.steps.get() / STEPS;
        if !is_due || self.since.get().elapsed() < SLICE {
            return Ok(());
        }
        let passed = match self.gone.is_cancelled() {
            true => Err(Full),
            false => self.turn.borrow_mut().pass(),
        };
        self.is_lost.set(passed.is_err());
        self.since.set(Instant::now());
        passed.map_err(too_many)
    }
}

fn too_many(_: Full) -> Error {
    Error::Busy {
        retry_after: TRY_AGAIN,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_list_that_nobody_waits_for_any_more_loses_its_slot() {
        let slots = ListSlots::new();
        let slot = slots.list(Actor::Operator).now_or_never();
        let (slot, waiting) = slot.unwrap().unwrap();
        slot.steps(1).unwrap();
        drop(waiting);
        let begun = Instant::now();
        while slot.step().is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(30));
        }
    }

    #[test]
    fn a_core_is_left_to_logins_where_there_is_more_than_one() {
        let running = [1, 2, 3, 16].map(|cores| running(cores).all);
        assert_eq!(running, [1, 1, 2, 2]);
    }
}
