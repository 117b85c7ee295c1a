//! The client's address: the socket's peer, or what trusted proxies say of it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Once;

use ipnet::IpNet;
use poem::Request;
use poem::http::{HeaderMap, HeaderValue};

use crate::limits::Source;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The source of `request`, as limits count it. Only a peer in `trusted` is believed about whom it forwards for.
pub fn source_of(request: &Request, trusted: &[IpNet]) -> Source {
    address_of(request, trusted).into()
}

/// The whole address that `request` comes from.
pub fn address_of(request: &Request, trusted: &[IpNet]) -> IpAddr {
    behind(peer(request), forwarded(request.headers()), trusted)
}

/// Walks from the socket's end of `X-Forwarded-For` to the first address that is not trusted. What cannot be
/// read ends the walk: it then is the last proxy that is known.
fn behind<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a HeaderValue>,
    trusted: &[IpNet],
) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(&ip));
    let mut lines = forwarded.rev().peekable();
    if !is_trusted(peer) && lines.peek().is_some() {
        warn_once(peer);
    }
    let mut hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    let mut source = peer;
    while is_trusted(source)
        && let Some(hop) = hops.next().and_then(address)
    {
        source = hop;
    }
    source
}

/// Addresses that a request names as its way here, kept until somebody wants to know.
pub struct Hops {
    peer: IpAddr,
    forwarded: Vec<HeaderValue>,
}

impl Hops {
    /// The addresses in `request`.
    pub fn of(request: &Request) -> Self {
        Self {
            peer: peer(request),
            forwarded: forwarded(request.headers()).cloned().collect(),
        }
    }

    /// The whole address, as [`address_of`] has it.
    pub fn address(&self, trusted: &[IpNet]) -> IpAddr {
        behind(self.peer, self.forwarded.iter(), trusted)
    }
}

fn peer(request: &Request) -> IpAddr {
    peer_socket(request).ip()
}

/// Address and port at the other end of the connection.
pub fn peer_socket(request: &Request) -> SocketAddr {
    let address = request.remote_addr().as_socket_addr().copied();
    let address = address.unwrap_or_else(|| (Ipv6Addr::UNSPECIFIED, 0).into());
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn forwarded(headers: &HeaderMap) -> impl DoubleEndedIterator<Item = &HeaderValue> {
    headers.get_all(FORWARDED_FOR).iter()
}

/// A proxy that is not named makes one source of all its clients, which shows only under attack. Strangers can send the
/// header, too, so it is said only once.
fn warn_once(peer: IpAddr) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!(%peer, "X-Forwarded-For is ignored; if the peer is your proxy, name it in server.trusted_proxies");
    });
}

/// An address with or without a port, as proxies write it.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse::<IpAddr>()
        .ok()
        .or_else(with_port)
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    const TRUSTED: [&str; 3] = ["10.0.0.0/8", "2001:db8:1::/48", "127.0.0.1/32"];

    fn source(peer: &str, lines: &[&str]) -> String {
        let trusted = TRUSTED.map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                FORWARDED_FOR,
                HeaderValue::from_bytes(line.as_bytes()).unwrap(),
            );
        }
        let peer: IpAddr = peer.parse().unwrap();
        Source::from(behind(peer.to_canonical(), forwarded(&headers), &trusted))
            .ip()
            .to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_source_whatever_it_says() {
        for line in ["203.0.113.7", "10.0.0.1", "127.0.0.1, 127.0.0.1", ""] {
            assert_eq!(source("198.51.100.1", &[line]), "198.51.100.1", "{line}");
        }
    }

    #[test]
    fn the_walk_goes_from_right_to_left_while_it_is_trusted() {
        for (lines, expected) in [
            (&[][..], "127.0.0.1"),
            (&["203.0.113.7"], "203.0.113.7"),
            (&["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
            (&["6.6.6.6, 203.0.113.7, 10.1.2.3 ,10.9.9.9"], "203.0.113.7"),
            (
                &["6.6.6.6", "203.0.113.7", "10.1.2.3,10.9.9.9"],
                "203.0.113.7",
            ),
            (&["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
            (&["203.0.113.7, 2001:db8:1::5"], "203.0.113.7"),
        ] {
            assert_eq!(source("127.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk_at_the_nearest_trusted_hop() {
        for (lines, expected) in [
            (&["203.0.113.7, unknown"][..], "127.0.0.1"),
            (&["203.0.113.7, "], "127.0.0.1"),
            (&["203.0.113.7", "\u{e9}"], "127.0.0.1"),
            (&["203.0.113.7, 999.1.1.1, 10.0.0.1"], "10.0.0.1"),
            (&["203.0.113.7 10.0.0.1"], "127.0.0.1"),
        ] {
            assert_eq!(source("127.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn one_client_is_one_source_however_its_address_is_written() {
        for (hop, expected) in [
            ("203.0.113.7:4711", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("[::ffff:203.0.113.7]:4711", "203.0.113.7"),
            ("2001:db8:2:3:4:5:6:7", "2001:db8:2:3::"),
            ("[2001:db8:2:3::1]:4711", "2001:db8:2:3::"),
            ("2001:DB8:2:3:ffff:ffff:ffff:ffff", "2001:db8:2:3::"),
            ("2001:db8:2:4::1", "2001:db8:2:4::"),
        ] {
            assert_eq!(source("127.0.0.1", &[hop]), expected, "{hop}");
        }
        assert_eq!(source("::ffff:127.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(source("2001:db8:2:3:4::1", &[]), "2001:db8:2:3::");
    }
}
