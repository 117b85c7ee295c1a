//! `[events]`

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::parse::{between, duration};

/// `[events]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Events {
    /// Time for which events are kept.
    #[serde(with = "duration")]
    pub keep: Duration,
    /// At most so many are kept.
    #[serde(deserialize_with = "between::<1_000, 2_000_000, _>")]
    pub max: usize,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            keep: Duration::from_hours(90 * 24),
            max: 200_000,
        }
    }
}
