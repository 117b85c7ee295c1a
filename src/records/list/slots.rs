//! Places for what takes long: lists that look at many records, and filters that cost much of one.
//!
//! Whoever asks has a turn, however much others ask; a list that takes longer than a slice of time lets those who wait go first.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use crate::domain::Actor;
use crate::error::{Error, Result};
use crate::fair::{Bounds, Full, Turn, Turns};

/// Lists and filters that are worked on at once: two, so that one does not stop every other, and no more, because each keeps
/// a core busy that logins could use. Nobody has both places.
const WORKING: Bounds = Bounds { all: 2, each: 1 };

/// Lists that may have begun, be it that they work or wait for their next turn: as many as there may be memory for.
const BEGUN: Bounds = Bounds { all: 4, each: 2 };

/// Bytes that a sorted list may keep of the records it has seen: the keys of a hundred thousand. For a page behind that the
/// records are looked at once more for each hundred thousand before it.
pub const SORT_BYTES: usize = 16 << 20;

/// Bound of the keys of all lists that have begun, in bytes.
const _: () = assert!(BEGUN.all * SORT_BYTES <= 64 << 20);

/// Those who may wait for a place.
const WAITING: Bounds = Bounds { all: 256, each: 64 };

/// Time that a list works before it lets others go first.
const SLICE: Duration = Duration::from_millis(20);

/// Steps between two looks at the clock.
const STEPS: u32 = 32;

/// Time after which a client that found no room to wait may try again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The places.
#[derive(Clone)]
pub struct Places {
    begun: Turns<Actor>,
    working: Turns<Actor>,
}

impl Places {
    pub fn new() -> Self {
        Self {
            begun: Turns::new(BEGUN, WAITING),
            working: Turns::new(WORKING, WAITING),
        }
    }

    /// A place for work that is short, or cannot be interrupted.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub async fn turn(&self, actor: Actor) -> Result<Turn<Actor>> {
        self.working.take(actor).await.map_err(too_many)
    }

    /// A place for a list.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub async fn list(&self, actor: Actor) -> Result<Pace> {
        let begun = self.begun.take(actor.clone()).await.map_err(too_many)?;
        let turn = RefCell::new(self.turn(actor).await?);
        let (since, steps, is_lost) = (Cell::new(Instant::now()), Cell::new(0), Cell::new(false));
        Ok(Pace {
            _begun: begun,
            turn,
            since,
            steps,
            is_lost,
        })
    }
}

/// The place of a list, which it leaves to others now and then.
pub struct Pace {
    turn: RefCell<Turn<Actor>>,
    since: Cell<Instant>,
    steps: Cell<u32>,
    is_lost: Cell<bool>,
    _begun: Turn<Actor>,
}

impl Pace {
    /// Counts a step of the work. After a slice of time those who wait go first; that blocks the thread.
    ///
    /// # Errors
    /// [`Error::TooMany`], then and ever after: the place is lost.
    pub fn step(&self) -> Result<()> {
        self.steps.set(self.steps.get().wrapping_add(1));
        if self.is_lost.get() {
            return Err(too_many(Full));
        }
        if !self.steps.get().is_multiple_of(STEPS) || self.since.get().elapsed() < SLICE {
            return Ok(());
        }
        let passed = self.turn.borrow_mut().pass();
        self.is_lost.set(passed.is_err());
        self.since.set(Instant::now());
        passed.map_err(too_many)
    }
}

fn too_many(_: Full) -> Error {
    Error::TooMany {
        retry_after: TRY_AGAIN,
    }
}
