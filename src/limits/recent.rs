//! At most N events in any time of a given length.

use std::time::Duration;

use super::table::Entry;
use super::time::{NEVER, left};

/// The times of a key's last `N` events, oldest first.
#[derive(Clone, Copy, PartialEq)]
pub struct Recent<const N: usize>([i64; N]);

impl<const N: usize> Default for Recent<N> {
    fn default() -> Self {
        Self([NEVER; N])
    }
}

impl<const N: usize> Entry for Recent<N> {
    fn worth(&self) -> i64 {
        self.0[N - 1]
    }
}

impl<const N: usize> Recent<N> {
    /// The time until one more event makes no more than `N` within `window_ms`.
    pub fn wait(&self, now: i64, window_ms: i64) -> Option<Duration> {
        left(self.0[0] + window_ms, now)
    }

    /// With an event at `now`, in place of the oldest.
    pub fn with(mut self, now: i64) -> Self {
        self.0.rotate_left(1);
        self.0[N - 1] = now;
        self
    }

    /// Without the event at `at`.
    pub fn without(mut self, at: i64) -> Self {
        if let Some(place) = self.0.iter().position(|time| *time == at) {
            self.0[..=place].rotate_right(1);
            self.0[0] = NEVER;
        }
        self
    }
}
