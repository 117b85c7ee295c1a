//! Arrival of a probe: at which path, from whom, with which headers; and what each of that asks of the proxy.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::context::Context;
use super::exchange::Answer;
use super::finding::Finding;
use super::probe::HEALTH;
use super::target::Target;
use super::way::Way;
use super::{addresses, hidden};
use crate::app::probes::Arrival;

/// Findings from what the server tells of a request that came.
pub fn judge(context: &Context, way: &Way, answer: &Answer, arrival: &Arrival) -> Vec<Finding> {
    let target = way.target;
    let mut findings = vec![path(context, target, answer, arrival)];
    let is_ours = is_ours(way, arrival);
    let is_tls_ours = context.config.server.tls.is_on() && arrival.forwarded_for.is_empty();
    if is_tls_ours && !is_ours && hidden::is_hidden(arrival.client, addresses::is_ours) {
        findings.push(hidden::finding(context, arrival.client));
        return findings;
    }
    if is_ours || is_tls_ours {
        findings.push(Finding::ok(
            "proxy.none",
            context.say(
                format!("no proxy is in between; the client is {}", arrival.client),
                format!("没有经过反向代理，客户端地址为 {}", arrival.client),
            ),
        ));
        return findings;
    }
    findings.push(forwarded(context, arrival));
    findings.extend(host(context, target, arrival));
    findings.extend(version(context, arrival));
    findings
}

/// Whether the connection that arrived is the one that we made.
pub fn is_ours(way: &Way, arrival: &Arrival) -> bool {
    way.local.is_some_and(|local| {
        SocketAddr::new(local.ip().to_canonical(), local.port()) == arrival.peer
    })
}

/// Addresses that `X-Forwarded-For` names; `None`: what is no address.
pub fn hops(arrival: &Arrival) -> Vec<Option<IpAddr>> {
    let hops = arrival.forwarded_for.iter();
    hops.flat_map(|line| line.split(',')).map(address).collect()
}

/// The path at which it arrived, which the proxy may change.
fn path(context: &Context, target: &Target, answer: &Answer, arrival: &Arrival) -> Finding {
    let base = &context.config.server.base_path;
    let (got, status) = (&arrival.path, answer.status);
    if *got == format!("{base}{HEALTH}") && status != 200 {
        return answered(context, status);
    }
    if *got == format!("{base}{HEALTH}") {
        let found = context.say(
            format!("a request to {target} arrives at this server"),
            format!("发往 {target} 的请求到达了本服务"),
        );
        return Finding::ok("proxy.arrived", found);
    }
    let found = context.say(
        format!("a request for {} arrives as {got}, and is answered {status}: bai expects {base}{HEALTH}", target.at(HEALTH)),
        format!("对 {} 的请求到达时路径为 {got}，返回 {status}：bai 期望的路径是 {base}{HEALTH}", target.at(HEALTH)),
    );
    Finding::wrong("proxy.path", found).remedy(path_remedy(context, target, arrival))
}

/// A request that came, and whose answer the proxy did not pass on, or which was refused.
fn answered(context: &Context, status: u16) -> Finding {
    let found = context.say(
        format!("the request arrives at this server, and what comes back is {status}"),
        format!("请求到达了本服务，但返回的状态码是 {status}"),
    );
    Finding::wrong("proxy.answer", found).remedy(context.say(
        "see the log of the proxy, and that of bai",
        "请查看反向代理和 bai 的日志",
    ))
}

fn path_remedy(context: &Context, target: &Target, arrival: &Arrival) -> String {
    let server = &context.config.server;
    let (listen, base, prefix) = (server.listen, &server.base_path, &target.path);
    if arrival.path == target.at(HEALTH) && !prefix.is_empty() {
        return context.say(
            format!("let the proxy strip the prefix: \"proxy_pass http://{listen}/;\" with the slash at its end, in \"location {prefix}/\"; or set server.base_path = \"{prefix}\""),
            format!("请让反向代理去掉前缀：在「location {prefix}/」中使用「proxy_pass http://{listen}/;」（末尾有斜杠）；或设置 server.base_path = \"{prefix}\""),
        );
    }
    if prefix.is_empty() && !base.is_empty() {
        return context.say(
            format!("server.base_path is \"{base}\": the URL is {target}{base}"),
            format!("server.base_path 为 \"{base}\"：地址应为 {target}{base}"),
        );
    }
    context.say(
        format!("in nginx \"location\" and \"proxy_pass\" both end with a slash, or neither does; server.base_path is \"{base}\""),
        format!("nginx 的 location 与 proxy_pass 应同时以斜杠结尾，或都不带；当前 server.base_path 为 \"{base}\""),
    )
}

const NGINX_FORWARDED_FOR: &str = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";

/// The client's address, as the proxy tells it.
fn forwarded(context: &Context, arrival: &Arrival) -> Finding {
    let hops = arrival.forwarded_for.join(", ");
    // We wrote none ourselves, so the first hop is us.
    let first = hops.split(',').next().and_then(address);
    let last = hops.rsplit(',').next().and_then(address);
    match last {
        _ if hops.trim().is_empty() => missing(context, arrival.peer.ip()),
        _ if !arrival.is_trusted => untrusted(context, arrival.peer.ip()),
        None => unreadable(context, &hops),
        Some(_) if first != Some(arrival.client) => second(context, &hops, arrival.client),
        Some(_) => told(context, arrival),
    }
}

fn missing(context: &Context, peer: IpAddr) -> Finding {
    let found = context.say(
        format!("the proxy at {peer} does not tell for whom it asks: X-Forwarded-For is missing, so all clients are one, and one of them can lock out all"),
        format!("位于 {peer} 的反向代理没有传递 X-Forwarded-For：所有客户端被视为同一来源，一个人就能让所有人被限流"),
    );
    let trust = trust(context, peer);
    Finding::wrong("proxy.no_forwarded_for", found).remedy(context.say(
        format!("nginx, beside proxy_pass:\n{NGINX_FORWARDED_FOR}\nand in the configuration of bai:\n{trust}"),
        format!("在 nginx 的 proxy_pass 旁添加：\n{NGINX_FORWARDED_FOR}\n并在 bai 的配置中设置：\n{trust}"),
    ))
}

fn untrusted(context: &Context, peer: IpAddr) -> Finding {
    let found = context.say(
        format!("X-Forwarded-For is ignored, because the proxy at {peer} is not in server.trusted_proxies: all clients are one, and one of them can lock out all"),
        format!("位于 {peer} 的反向代理不在 server.trusted_proxies 中，X-Forwarded-For 被忽略：所有客户端被视为同一来源，一个人就能让所有人被限流"),
    );
    let trust = trust(context, peer);
    Finding::wrong("proxy.untrusted", found).remedy(context.say(
        format!("in the configuration of bai:\n{trust}"),
        format!("在 bai 的配置中设置：\n{trust}"),
    ))
}

fn unreadable(context: &Context, hops: &str) -> Finding {
    let found = context.say(
        format!("X-Forwarded-For is \"{hops}\", which is no address: all clients are one, and one of them can lock out all"),
        format!("X-Forwarded-For 为「{hops}」，不是 IP 地址：所有客户端被视为同一来源，一个人就能让所有人被限流"),
    );
    Finding::wrong("proxy.unreadable", found).remedy(context.say(
        format!("nginx, beside proxy_pass:\n{NGINX_FORWARDED_FOR}"),
        format!("在 nginx 的 proxy_pass 旁添加：\n{NGINX_FORWARDED_FOR}"),
    ))
}

fn second(context: &Context, hops: &str, client: IpAddr) -> Finding {
    let found = context.say(
        format!("X-Forwarded-For is \"{hops}\", of which bai takes {client} for the client: another proxy is in front"),
        format!("X-Forwarded-For 为「{hops}」，bai 将 {client} 视为客户端：前面还有一层代理"),
    );
    let trust = trust(context, client);
    Finding::wrong("proxy.second", found).remedy(context.say(
        format!("if {client} is a proxy or a load balancer of yours, name it, too:\n{trust}"),
        format!("如果 {client} 是你的代理或负载均衡，请一并加入：\n{trust}"),
    ))
}

fn told(context: &Context, arrival: &Arrival) -> Finding {
    let (peer, client) = (arrival.peer.ip(), arrival.client);
    let found = context.say(
        format!("the proxy at {peer} is trusted; it says that the client is {client}"),
        format!("反向代理 {peer} 受信任，客户端地址为 {client}"),
    );
    Finding::ok("proxy.client", found)
}

/// The address of a hop, with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.trim().parse::<SocketAddr>().ok().map(|it| it.ip());
    let ip = hop.trim().parse().ok().or_else(with_port)?;
    Some(ip.to_canonical())
}

/// Network from which load balancers of clouds come, each time from another address of it.
const LOAD_BALANCERS: &str = "100.64.0.0/10";

/// Lines of the configuration that trust this address, too.
fn trust(context: &Context, ip: IpAddr) -> String {
    let known = &context.config.server.trusted_proxies;
    let is_new = !known.iter().any(|network| network.contains(&ip));
    let is_of_cloud = LOAD_BALANCERS
        .parse::<IpNet>()
        .is_ok_and(|network| network.contains(&ip));
    let new = match is_of_cloud {
        true => LOAD_BALANCERS.to_owned(),
        false => ip.to_string(),
    };
    let all = known
        .iter()
        .map(ToString::to_string)
        .chain(is_new.then_some(new));
    let all: Vec<_> = all.map(|it| format!("\"{it}\"")).collect();
    format!("[server]\ntrusted_proxies = [{}]", all.join(", "))
}

fn host(context: &Context, target: &Target, arrival: &Arrival) -> Option<Finding> {
    let got = arrival.host.as_deref().unwrap_or_default();
    let name = got.rsplit_once(':').map_or(got, |(name, _)| name);
    if got == target.authority() || name == target.host.to_string() {
        return None;
    }
    let found = context.say(
        format!("the proxy does not pass the host on: bai sees \"{got}\""),
        format!("反向代理没有传递域名：bai 看到的 Host 是「{got}」"),
    );
    Some(Finding::advice("proxy.host", found).remedy(context.say(
        "nginx, beside proxy_pass:\nproxy_set_header Host $host;",
        "在 nginx 的 proxy_pass 旁添加：\nproxy_set_header Host $host;",
    )))
}

fn version(context: &Context, arrival: &Arrival) -> Option<Finding> {
    if arrival.version != "HTTP/1.0" {
        return None;
    }
    let found = context.say(
        "the proxy speaks HTTP/1.0, with a new connection for each request",
        "反向代理使用 HTTP/1.0，每个请求都新建连接",
    );
    let remedy = "proxy_http_version 1.1;\nproxy_set_header Connection \"\";";
    Some(
        Finding::advice("proxy.http_version", found).remedy(context.say(
            format!("nginx, beside proxy_pass:\n{remedy}"),
            format!("在 nginx 的 proxy_pass 旁添加：\n{remedy}"),
        )),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_balancer_of_a_cloud_is_trusted_as_the_network_that_it_comes_from() {
        let mut context = Context::of_tests();
        let trust = |context: &Context, ip: &str| trust(context, ip.parse().unwrap());
        assert!(trust(&context, "100.97.1.2").ends_with("[\"100.64.0.0/10\"]"));
        assert!(trust(&context, "100.128.1.2").ends_with("[\"100.128.1.2\"]"));
        context.config.server.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        assert!(trust(&context, "10.1.2.3").ends_with("[\"10.0.0.0/8\"]"));
        assert!(trust(&context, "::1").ends_with("[\"10.0.0.0/8\", \"::1\"]"));
    }
}
