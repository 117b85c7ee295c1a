//! Clients behind something that passes connections on and says nothing of whose they are.

use std::net::IpAddr;

use super::addresses;
use super::context::Context;
use super::finding::Finding;

/// Whether the client of a connection that we did not make ourselves is somebody in between. What leads this machine's own connections
/// back to it hides nobody else.
pub fn is_hidden(client: IpAddr, is_ours: impl Fn(IpAddr) -> bool) -> bool {
    !addresses::is_public(client) && !is_ours(client)
}

pub fn finding(context: &Context, client: IpAddr) -> Finding {
    let found = context.say(
        format!("the client is {client}, which is no phone's address: if phones come with it, too, all clients are one, and one of them can lock out all"),
        format!("客户端地址为 {client}，不是手机的公网 IP：如果手机访问时也是这个地址，所有客户端会被视为同一来源，一个人就能让所有人被限流"),
    );
    Finding::advice("proxy.hidden", found).remedy(context.say(
        "log in from a phone and look at the address in \"bai events\". Docker: --network host; a load balancer: let it keep clients' addresses, or speak HTTP and send X-Forwarded-For",
        "请用手机登录一次，在「bai events」中查看其 IP 地址。Docker 可使用 --network host；负载均衡请开启保留客户端源 IP，或改用 HTTP 转发并传递 X-Forwarded-For",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_client_that_is_not_this_machine_hides_others() {
        let is_ours = |ip: IpAddr| ip.to_string() == "10.0.0.1";
        for (client, expected) in [
            ("172.17.0.1", true),
            ("100.97.1.2", true),
            ("10.0.0.1", false),
            ("203.0.113.7", false),
        ] {
            assert_eq!(
                is_hidden(client.parse().unwrap(), is_ours),
                expected,
                "{client}"
            );
        }
    }
}
