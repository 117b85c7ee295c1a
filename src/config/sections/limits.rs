//! `[limits]`

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::parse::duration;

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Off for load tests.
    pub enabled: bool,
    /// How long an identical request counts as a repetition.
    #[serde(with = "duration")]
    pub duplicate_window: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { enabled: true, duplicate_window: Duration::from_secs(3) }
    }
}
