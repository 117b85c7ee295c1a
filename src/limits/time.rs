//! Times as limits count them: milliseconds of a steady clock.

use std::time::Duration;

/// A time so long ago that nothing counts from then, yet far from overflow.
pub const NEVER: i64 = i64::MIN / 2;

/// The time, by both clocks.
#[derive(Clone, Copy)]
pub struct Now {
    /// Steady time.
    pub ms: i64,
    /// Unix time, for the day that it is.
    pub wall_ms: i64,
}

/// The time from `now` to `until`, if any.
pub fn left(until: i64, now: i64) -> Option<Duration> {
    u64::try_from(until - now)
        .ok()
        .filter(|ms| *ms > 0)
        .map(Duration::from_millis)
}
