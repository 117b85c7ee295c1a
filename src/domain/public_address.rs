//! Addresses that anybody can reach, as against those of this machine, of its network and of nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the address is one of the open Internet: not of this machine, of a private network, of a link, of a group or of nobody.
/// An IPv4 address within one of IPv6 counts as itself.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, third, _] = ip.octets();
    let is_of_nobody = ip.is_unspecified() || ip.is_documentation() || first == 0 || first >= 224;
    let is_near = ip.is_loopback() || ip.is_private() || ip.is_link_local();
    // Networks of providers behind their translation (RFC 6598), of protocols (RFC 6890), and of measurements (RFC 2544).
    let is_shared = first == 100 && second & 0xc0 == 64;
    let is_of_protocols = (first, second, third) == (192, 0, 0);
    let is_measured = first == 198 && second & 0xfe == 18;
    !(is_of_nobody || is_near || is_shared || is_of_protocols || is_measured)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(ip) = translated(ip) {
        return is_public_v4(ip);
    }
    let first = ip.segments()[0];
    let is_link_local = first & 0xffc0 == 0xfe80;
    let is_private = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0;
    let is_of_nobody = ip.is_unspecified() || ip.is_multicast() || is_documentation(ip);
    !(ip.is_loopback() || is_link_local || is_private || is_of_nobody)
}

fn is_documentation(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    (first, second) == (0x2001, 0x0db8)
}

/// The IPv4 address to which an address of IPv6 leads: by NAT64 (64:ff9b::/96), by 6to4 (2002::/16), or in the oldest form (::/96).
fn translated(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = ip.to_bits();
    let low = Ipv4Addr::from_bits(u32::try_from(bits & u128::from(u32::MAX)).ok()?);
    match bits >> 32 {
        0 if !ip.is_loopback() && !ip.is_unspecified() => Some(low),
        0x0064_ff9b_0000_0000_0000_0000 => Some(low),
        _ if bits >> 112 == 0x2002 => Some(Ipv4Addr::from_bits(
            u32::try_from(bits >> 80 & u128::from(u32::MAX)).ok()?,
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_open_internet_are_public() {
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "198.17.0.1",
            "223.255.255.254",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.5",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }
}
