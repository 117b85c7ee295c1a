//! A second probe, as of somebody who says to be another: whoever is believed about that has as many addresses as he likes.

use std::net::{IpAddr, Ipv4Addr};

use super::addresses;
use super::arrival::hops;
use super::context::Context;
use super::exchange::{Line, connect};
use super::finding::Finding;
use super::probe::Probe;
use super::way::Way;
use crate::app::probes::Arrival;

const FORWARDED_FOR: &str = "X-Forwarded-For";
/// Nobody's address (RFC 5737).
const CLAIMED: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77));

/// Sends the claim over a connection of its own; a finding, if the server takes it.
pub fn look(context: &Context, way: &Way) -> Option<Finding> {
    let arrival = claim(context, way)?;
    is_believed(&arrival, addresses::is_ours).then(|| believed(context))
}

fn claim(context: &Context, way: &Way) -> Option<Arrival> {
    let probe = Probe::announce(context).ok()?;
    let (mut line, _) = Line::of(way.target, connect(way.peer?).ok()?).ok()?;
    let claimed = CLAIMED.to_string();
    let headers = [(FORWARDED_FOR, claimed.as_str())];
    probe.send(way.target, &mut line, &headers).ok()?;
    probe.arrival().ok()?
}

/// Whether the claim is taken from anybody. From this machine it may be: where its own address is trusted, a proxy that adds it does all
/// that it should.
fn is_believed(arrival: &Arrival, is_ours: impl Fn(IpAddr) -> bool) -> bool {
    let hops = hops(arrival);
    let claimed = hops.iter().rposition(|hop| *hop == Some(CLAIMED));
    let next = claimed.and_then(|at| hops.get(at + 1).copied().flatten());
    arrival.client == CLAIMED && !next.is_some_and(is_ours)
}

fn believed(context: &Context) -> Finding {
    let found = context.say(
        "whoever writes X-Forwarded-For chooses his address, and escapes all limits: the proxy passes on what clients write",
        "反向代理原样传递客户端自己写的 X-Forwarded-For：任何人都能伪造 IP 地址，绕过所有限流",
    );
    Finding::wrong("proxy.forged", found).remedy(context.say(
        "nginx, beside proxy_pass, in the place of what is there:\nproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\nHAProxy: \"option forwardfor\" without \"if-none\"",
        "请将 nginx 的 proxy_pass 旁的该行改为：\nproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\nHAProxy：使用「option forwardfor」，不要加 if-none",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_taken_from_anybody_unless_this_machine_is_trusted() {
        for (client, lines, expected) in [
            ("203.0.113.77", vec!["203.0.113.77"], true),
            ("203.0.113.77", vec!["203.0.113.77, 10.0.0.2"], true),
            ("203.0.113.77", vec!["203.0.113.77", "10.0.0.2"], true),
            ("203.0.113.77", vec!["203.0.113.77, 10.0.0.1"], false),
            ("203.0.113.77", vec!["203.0.113.77", "10.0.0.1:4711"], false),
            ("198.51.100.7", vec!["203.0.113.77, 198.51.100.7"], false),
            ("198.51.100.7", vec!["198.51.100.7"], false),
            ("10.0.0.2", vec!["203.0.113.77"], false),
        ] {
            let arrival = Arrival {
                peer: ([10, 0, 0, 3], 1).into(),
                is_trusted: true,
                client: client.parse().unwrap(),
                forwarded_for: lines.iter().map(ToString::to_string).collect(),
                forwarded_proto: None,
                host: None,
                path: "/".to_owned(),
                version: "HTTP/1.1".to_owned(),
            };
            let is_ours = |ip: IpAddr| ip.to_string() == "10.0.0.1";
            assert_eq!(
                is_believed(&arrival, is_ours),
                expected,
                "{client} {lines:?}"
            );
        }
    }
}
