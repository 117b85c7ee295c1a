//! A moment, as the line of messages is told it.

use jiff::Timestamp;

use crate::clock::Clock;
use crate::random::Random;

/// Times of a moment, and chance.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Steady milliseconds, for pauses.
    pub steady_ms: i64,
    /// Wall time, for ages.
    pub wall: Timestamp,
    /// Chance, for pauses.
    pub chance: u8,
}

impl Moment {
    /// This moment.
    pub fn now(clock: &Clock, random: &Random) -> Self {
        let [chance] = random.bytes().unwrap_or_default();
        Self {
            steady_ms: clock.steady_ms(),
            wall: clock.now(),
            chance,
        }
    }
}
