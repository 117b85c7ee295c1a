//! The public URL, as a phone comes to it: form, name, connection, certificate, and the server that answers.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread;

use url::Host;

use super::context::Context;
use super::exchange::{Line, NoAddress, connect, resolve, server_name};
use super::finding::Finding;
use super::probe::Probe;
use super::server::Absence;
use super::target::Target;
use super::way::Way;
use super::{addresses, cause, certificate, proxy};
use crate::outbound::Cause;

/// Addresses of a name that are tried.
const MOST: usize = 4;

/// The URL by itself, if one is known.
pub fn form(context: &Context) -> Vec<Finding> {
    match &context.target {
        Some(target) => judge_form(context, target),
        None => vec![unknown(context)],
    }
}

/// The way to the URL.
pub fn way(context: &Context) -> Vec<Finding> {
    let Some(target) = &context.target else {
        return Vec::new();
    };
    let addresses = match resolve(&target.host.to_string(), target.port) {
        Ok(addresses) => addresses,
        Err(why) => return vec![unresolved(context, target, why)],
    };
    let mut findings: Vec<_> = resolved(context, target, &addresses).into_iter().collect();
    match reach(&addresses) {
        (Some(stream), silent) => {
            findings.extend(silent.map(|it| partly_silent(context, it)));
            findings.extend(through(context, target, stream));
        }
        (None, silent) => findings.extend(silent.map(|it| unreachable(context, target, &it))),
    }
    findings
}

fn unknown(context: &Context) -> Finding {
    Finding::not_looked_at(
        "public_url.unknown",
        context.say("no public URL is known", "不知道公网地址"),
    )
    .remedy(context.say(
        "name it: bai doctor --url https://api.example.com, or set server.public_urls",
        "请指定：bai doctor --url https://api.example.com，或在配置中设置 server.public_urls",
    ))
}

/// The form of the URL, as WeChat wants it of a domain to which mini-programs send requests.
fn judge_form(context: &Context, target: &Target) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !target.is_https {
        let found = context.say(
            format!("{target} is not https"),
            format!("{target} 不是 https"),
        );
        findings.push(Finding::wrong("public_url.plain", found).remedy(context.say(
            "mini-programs send requests to https:// only, TLS 1.2 or newer, to a domain with an ICP filing (备案): get a certificate for nginx, or set server.tls.acme",
            "小程序只能请求 https 域名（TLS 1.2 及以上），且域名须完成 ICP 备案：请在 nginx 上配置证书，或设置 server.tls.acme",
        )));
    }
    if !matches!(&target.host, Host::Domain(name) if name.contains('.')) {
        let found = context.say(
            format!("{} is no domain", target.host),
            format!("{} 不是域名", target.host),
        );
        findings.push(Finding::wrong("public_url.no_domain", found).remedy(context.say(
            "WeChat takes neither IP addresses nor localhost as a request domain (request 合法域名): use a domain with an ICP filing (备案)",
            "request 合法域名不支持 IP 地址和 localhost，请使用已完成 ICP 备案的域名",
        )));
    }
    if !target.has_usual_port() {
        let found = context.say(
            format!("the URL has port {}", target.port),
            format!("地址带有端口 {}", target.port),
        );
        findings.push(Finding::advice("public_url.port", found).remedy(context.say(
            format!("name the domain with exactly this port among the request domains (request 合法域名): https://{}", target.authority()),
            format!("request 合法域名须填写同样的端口：https://{}", target.authority()),
        )));
    }
    findings
}

fn unresolved(context: &Context, target: &Target, why: NoAddress) -> Finding {
    let host = &target.host;
    match why {
        NoAddress::Unknown => Finding::wrong(
            "public_url.unresolved",
            context.say(
                format!("{host} has no address in DNS"),
                format!("DNS 中没有 {host} 的地址"),
            ),
        )
        .remedy(context.say(
            "add an A record for it that leads to this machine's public address, or wait until a new one is known",
            "请添加指向本机公网 IP 的 A 记录；刚添加的记录需等待生效",
        )),
        NoAddress::NoNameServer => Finding::wrong(
            "public_url.name_server",
            context.say(
                format!("{host} cannot be looked up: the name server of this machine does not answer"),
                format!("无法查询 {host}：本机的 DNS 服务器没有响应"),
            ),
        )
        .remedy(context.say(
            format!("see /etc/resolv.conf, and what \"getent hosts {host}\" says"),
            format!("请检查 /etc/resolv.conf，以及「getent hosts {host}」的输出"),
        )),
    }
}

fn resolved(context: &Context, target: &Target, addresses: &[SocketAddr]) -> Option<Finding> {
    let Host::Domain(name) = &target.host else {
        return None;
    };
    let ips: Vec<_> = addresses.iter().map(SocketAddr::ip).collect();
    let listed = addresses::list(&ips);
    let found = context.say(
        format!("{name} leads to {listed}"),
        format!("{name} 解析到 {listed}"),
    );
    Some(match ips.iter().any(|ip| addresses::is_public(*ip)) {
        true => Finding::ok("public_url.name", found),
        false => Finding::advice("public_url.private", found).remedy(context.say(
            "phones cannot reach such an address: see whether DNS says the same outside (/etc/hosts, a cloud's private DNS)",
            "手机无法访问这样的地址：请确认外网的解析结果是否相同（/etc/hosts、云服务商内网 DNS）",
        )),
    })
}

/// An address that does not answer, and why.
pub struct Silent {
    ip: IpAddr,
    pub cause: Cause,
}

/// A connection to the first address that answers, and the first one that does not although this machine has a way to it.
pub fn reach(addresses: &[SocketAddr]) -> (Option<TcpStream>, Option<Silent>) {
    let tried = addresses.iter().take(MOST).copied();
    let tried: Vec<_> = tried
        .map(|address| (address.ip(), thread::spawn(move || connect(address))))
        .collect();
    let (mut stream, mut silent) = (None, None);
    for (ip, trial) in tried {
        match trial.join().unwrap_or(Err(Cause::Other)) {
            Ok(reached) => stream = stream.or(Some(reached)),
            Err(cause) if cause == Cause::Unreachable && ip.is_ipv6() && addresses.len() > 1 => {}
            Err(cause) => silent = silent.or(Some(Silent { ip, cause })),
        }
    }
    (stream, silent)
}

fn partly_silent(context: &Context, Silent { ip, cause }: Silent) -> Finding {
    let why = cause::words(context, &cause);
    let found = context.say(
        format!("one of the addresses, {ip}, does not answer: {why}"),
        format!("其中一个地址 {ip} 无法连接：{why}"),
    );
    Finding::advice("public_url.one_address", found).remedy(context.say(
        "phones may choose that one: remove its record (A or AAAA), or let the proxy listen there, too",
        "手机可能会选中该地址：请删除对应的 A 或 AAAA 记录，或让反向代理也监听该地址",
    ))
}

fn unreachable(context: &Context, target: &Target, Silent { ip, cause }: &Silent) -> Finding {
    let port = target.port;
    let why = cause::words(context, cause);
    let found = context.say(
        format!("{ip} port {port} cannot be reached: {why}"),
        format!("无法连接 {ip} 的端口 {port}：{why}"),
    );
    let remedy = match cause {
        Cause::Refused => context.say(
            format!("nobody listens there: see whether the proxy runs, and on port {port} (nginx -t, systemctl status nginx)"),
            format!("该端口没有程序监听：请确认反向代理已启动并监听端口 {port}（nginx -t、systemctl status nginx）"),
        ),
        _ => context.say(
            format!("open port {port} in the cloud's security group and the machine's firewall. Some clouds let no machine reach its own public address: try the URL from a phone, too"),
            format!("请在云服务商的安全组和本机防火墙中放行端口 {port}。部分云服务器无法从内部访问自己的公网 IP：请同时用手机访问该地址确认"),
        ),
    };
    Finding::wrong("public_url.unreachable", found).remedy(remedy)
}

/// Findings of what is seen through the connection.
fn through(context: &Context, target: &Target, stream: TcpStream) -> Vec<Finding> {
    let announced = Probe::announce(context);
    if let Err(absence @ Absence::Hanging) = &announced
        && context.config.server.tls.is_on()
    {
        // It would be the one to shake hands with.
        return vec![absence.finding("proxy.way", context)];
    }
    let (local, peer) = (stream.local_addr().ok(), stream.peer_addr().ok());
    match Line::of(target, stream) {
        Ok((line, chain)) => {
            let name = server_name(&target.host).filter(|_| target.is_https);
            let judged = name.map(|name| certificate::judge(context, &chain, &name));
            let mut findings = judged.unwrap_or_default();
            let way = Way {
                target,
                local,
                peer,
            };
            findings.extend(proxy::look(context, &way, announced, line));
            findings
        }
        Err(cause) => vec![no_handshake(context, &cause)],
    }
}

fn no_handshake(context: &Context, cause: &Cause) -> Finding {
    let why = cause::words(context, cause);
    let found = context.say(
        format!("no connection with TLS comes about: {why}"),
        format!("无法建立 TLS 连接：{why}"),
    );
    Finding::wrong("public_url.tls", found).remedy(context.say(
        "see whether the proxy speaks TLS 1.2 or newer at this port and has a certificate for this name; in mainland China a cloud also cuts connections to a domain without an ICP filing (备案)",
        "请确认反向代理在该端口启用了 TLS 1.2 及以上，并为该域名配置了证书；域名未完成 ICP 备案时，云服务商也会阻断连接",
    ))
}
