//! `[token]`

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::parse::duration;

/// `[token]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Token {
    /// Lifetime of a user's token.
    #[serde(with = "duration")]
    pub lifetime: Duration,
    /// Lifetime of a superuser's token.
    #[serde(with = "duration")]
    pub superuser_lifetime: Duration,
    /// Whether tokens that PocketBase issued to users who came from there are still valid.
    pub accept_pocketbase: bool,
}

impl Default for Token {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_hours(5 * 24),
            superuser_lifetime: Duration::from_hours(24),
            accept_pocketbase: true,
        }
    }
}
