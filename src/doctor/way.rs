//! The way that requests take to the public URL.

use std::net::SocketAddr;

use super::target::Target;

/// A way, by the first connection on it.
pub struct Way<'a> {
    pub target: &'a Target,
    /// Our end of the connection.
    pub local: Option<SocketAddr>,
    /// Its other end.
    pub peer: Option<SocketAddr>,
}
