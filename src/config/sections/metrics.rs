//! `[metrics]`

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Secret;
use crate::config::parse::optional_socket_address;

/// `[metrics]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// An address of their own.
    #[serde(with = "optional_socket_address")]
    pub listen: Option<SocketAddr>,
    /// Token that a reader has to show; empty: nothing.
    pub token: Secret,
}
