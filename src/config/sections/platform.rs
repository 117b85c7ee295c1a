//! `[platform]`

use serde::{Deserialize, Serialize};

/// `[platform]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Platform {
    /// Whether strangers may register.
    pub registration: Registration,
}

/// `platform.registration`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Whoever has a phone registers.
    #[default]
    Open,
    /// Superusers and the command line make users, nobody else.
    Closed,
}
