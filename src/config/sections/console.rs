//! `[console]`

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::config::parse::networks;

/// `[console]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Console {
    /// Networks that superusers may come from; empty: from anywhere.
    #[serde(deserialize_with = "networks")]
    pub allow_ips: Vec<IpNet>,
}

impl Console {
    /// Whether a superuser may come from there.
    #[must_use]
    pub fn admits(&self, ip: IpAddr) -> bool {
        self.allow_ips.is_empty() || self.allow_ips.iter().any(|network| network.contains(&ip))
    }
}
