//! `[console]`

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::config::parse::networks;

/// `[console]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// Whether the console is served, at `/_/`.
    pub enabled: bool,
    /// Networks that superusers may come from; empty: from anywhere.
    #[serde(deserialize_with = "networks")]
    pub allow_ips: Vec<IpNet>,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            enabled: true,
            allow_ips: Vec::new(),
        }
    }
}

impl Console {
    /// Whether a superuser may come from there.
    #[must_use]
    pub fn admits(&self, ip: IpAddr) -> bool {
        self.allow_ips.is_empty() || self.allow_ips.iter().any(|network| network.contains(&ip))
    }
}
