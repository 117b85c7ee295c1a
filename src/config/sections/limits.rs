//! `[limits]`

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::parse::{between, duration};

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Off for load tests.
    pub enabled: bool,
    /// Time after a success for which an identical request counts as a repetition.
    #[serde(with = "duration")]
    pub duplicate_window: Duration,
    /// The most that one source may hold of what all share, in percent.
    #[serde(deserialize_with = "between::<1, 100, _>")]
    pub source_percent: usize,
    /// Registrations that one source may try in any ten minutes; 0: as many as it likes.
    #[serde(deserialize_with = "between::<0, 60_000, _>")]
    pub registrations: usize,
    /// Passwords that one source may have hashed in any ten minutes; 0: as many as it likes.
    #[serde(deserialize_with = "between::<0, 60_000, _>")]
    pub hashes: usize,
    /// Changes of a phone by its owner that one source may try in any ten minutes; 0: as many as it likes.
    #[serde(deserialize_with = "between::<0, 60_000, _>")]
    pub phone_changes: usize,
}

impl Limits {
    /// The most that one source may hold of `all`; one at least.
    #[must_use]
    pub fn share_of(&self, all: usize) -> usize {
        let percent = if self.enabled {
            self.source_percent
        } else {
            100
        };
        (all.saturating_mul(percent) / 100).max(1)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enabled: true,
            duplicate_window: Duration::from_secs(3),
            source_percent: 25,
            registrations: 60,
            hashes: 2000,
            phone_changes: 60,
        }
    }
}
