//! The source of a request as limits count it.

use std::net::{IpAddr, Ipv6Addr};

/// A client's address: an IPv4 address, or the /64 of an IPv6 one, because a subscriber has a /64 at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// The address itself.
    pub fn ip(self) -> IpAddr {
        self.0
    }
}

impl From<IpAddr> for Source {
    fn from(ip: IpAddr) -> Self {
        Self(match ip {
            IpAddr::V4(_) => ip,
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }
}
