//! Health of a webhook as a whole: one that fails is asked with one message at a time, after pauses that grow.

use std::time::Duration;

use super::moment::Moment;
use super::pause::{asked_ms, pause_ms};

/// Health of a webhook.
#[derive(Debug, Default)]
pub struct Health {
    /// Failures in a row; those of calls at the same time are one.
    failures: u32,
    not_before_ms: i64,
    /// Number of the times that it got better or worse.
    round: u64,
}

impl Health {
    pub fn failures(&self) -> u32 {
        self.failures
    }

    pub fn not_before_ms(&self) -> i64 {
        self.not_before_ms
    }

    pub fn round(&self) -> u64 {
        self.round
    }

    /// Calls that there may be at once, of at most so many.
    pub fn at_once(&self, now_ms: i64, most: usize) -> usize {
        match self.failures {
            0 => most,
            _ if self.not_before_ms <= now_ms => 1,
            _ => 0,
        }
    }

    pub fn succeed(&mut self) {
        if self.failures > 0 {
            self.round += 1;
        }
        self.failures = 0;
        self.not_before_ms = 0;
    }

    /// A call failed that began in that round: one that began before the last change tells nothing new.
    pub fn fail(&mut self, round: u64, asked: Option<Duration>, now: Moment) {
        if round != self.round {
            return;
        }
        self.round += 1;
        self.failures += 1;
        let pause = asked.map_or_else(|| pause_ms(self.failures, now.chance), asked_ms);
        self.not_before_ms = now.steady_ms + pause;
    }

    pub fn retry(&mut self) {
        self.not_before_ms = 0;
    }
}
