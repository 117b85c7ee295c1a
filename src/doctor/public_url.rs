//! The public URL, as a phone comes to it: form, name, connection, certificate, and the server that answers.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread;

use url::Host;

use super::context::Context;
use super::exchange::{Answer, Request, connect, limit, resolve, server_name, shake_hands};
use super::finding::Finding;
use super::target::Target;
use super::{addresses, cause, certificate, proxy};
use crate::outbound::Cause;

/// Addresses of a name that are tried.
const MOST: usize = 4;
const HTTP: u16 = 80;

pub fn look(context: &Context) -> Vec<Finding> {
    let Some(target) = &context.target else {
        return vec![unknown(context)];
    };
    let mut findings = form(context, target);
    let Ok(addresses) = resolve(&target.host.to_string(), target.port) else {
        findings.push(unresolved(context, target));
        return findings;
    };
    findings.extend(resolved(context, target, &addresses));
    match reach(&addresses) {
        (Some(stream), silent) => {
            findings.extend(silent.map(|it| partly_silent(context, it)));
            findings.extend(plain(context, target, &stream));
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

/// The URL by itself, as WeChat wants it of a domain to which mini-programs send requests.
fn form(context: &Context, target: &Target) -> Vec<Finding> {
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

fn unresolved(context: &Context, target: &Target) -> Finding {
    Finding::wrong(
        "public_url.unresolved",
        context.say(
            format!("{} has no address in DNS", target.host),
            format!("DNS 中没有 {} 的地址", target.host),
        ),
    )
    .remedy(context.say(
        "add an A record for it that leads to this machine's public address, or wait until a new one is known",
        "请添加指向本机公网 IP 的 A 记录；刚添加的记录需等待生效",
    ))
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
struct Silent {
    ip: IpAddr,
    cause: Cause,
}

/// A connection to the first address that answers, and the first one that does not although this machine has a way to it.
fn reach(addresses: &[SocketAddr]) -> (Option<TcpStream>, Option<Silent>) {
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

/// Plain HTTP at the same address: nobody, or a redirect.
fn plain(context: &Context, target: &Target, stream: &TcpStream) -> Option<Finding> {
    if !target.is_https || !target.has_usual_port() {
        return None;
    }
    let address = SocketAddr::new(stream.peer_addr().ok()?.ip(), HTTP);
    let mut stream = connect(address).ok()?;
    limit(&stream);
    let request = Request {
        authority: &target.host.to_string(),
        path: &target.at("/"),
        headers: &[],
    };
    judge_plain(context, &request.send(&mut stream).ok()?)
}

fn judge_plain(context: &Context, answer: &Answer) -> Option<Finding> {
    let to = answer.header("location").unwrap_or_default();
    let is_redirected =
        matches!(answer.status, 301 | 302 | 307 | 308) && to.starts_with("https://");
    if is_redirected || answer.status >= 400 {
        return None;
    }
    let found = context.say(
        "plain HTTP is answered, too: passwords may go over the network as they are",
        "http 也能访问：密码可能以明文传输",
    );
    Some(
        Finding::advice("public_url.no_redirect", found).remedy(context.say(
            "nginx, in the server of port 80:\nreturn 301 https://$host$request_uri;",
            "在 nginx 监听 80 端口的 server 中添加：\nreturn 301 https://$host$request_uri;",
        )),
    )
}

/// What is seen through the connection.
fn through(context: &Context, target: &Target, stream: TcpStream) -> Vec<Finding> {
    limit(&stream);
    let local = stream.local_addr().ok();
    if !target.is_https {
        let mut stream = stream;
        return proxy::look(context, target, local, |request| request.send(&mut stream));
    }
    let Some(name) = server_name(&target.host) else {
        return Vec::new();
    };
    match shake_hands(stream, &name) {
        Ok((mut stream, chain)) => {
            let mut findings = certificate::judge(context, &chain, &name);
            let send = |request: &Request| request.send(&mut stream);
            findings.extend(proxy::look(context, target, local, send));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_leads_to_https_or_nowhere() {
        let answer = |status, to: &str| Answer {
            status,
            headers: vec![("location".to_owned(), to.to_owned())],
            ..Answer::default()
        };
        for (status, to, is_fine) in [
            (301, "https://a.example.com/", true),
            (308, "https://a.example.com/", true),
            (302, "http://b.example.com/", false),
            (200, "", false),
            (404, "", true),
        ] {
            let found = judge_plain(&Context::of_tests(), &answer(status, to));
            assert_eq!(found.is_none(), is_fine, "{status} {to}");
        }
    }
}
