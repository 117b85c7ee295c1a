//! The proxy between the public URL and the server, as a request sees it: one with a random word is sent through the URL, and the
//! server tells how it arrived.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use super::context::Context;
use super::exchange::{Answer, Request};
use super::finding::Finding;
use super::server::{self, Absence};
use super::target::Target;
use crate::admin::probe::ProbeCommand;
use crate::admin::{AdminCommand, Client, Failure};
use crate::app::probes::Arrival;
use crate::outbound::Cause;

const HEALTH: &str = "/api/health";
const WORD: &str = "X-Bai-Probe";

/// Sends a probe, and says how it arrived. `local` is our end of the connection.
pub fn look(
    context: &Context,
    target: &Target,
    local: Option<SocketAddr>,
    send: impl FnOnce(&Request) -> Result<Answer, Cause>,
) -> Vec<Finding> {
    let announced = server::client(context).and_then(|client| announce(context, client));
    let word = announced.as_ref().map_or("", |(_, word)| word);
    let headers = [(WORD, word)];
    let request = Request {
        authority: &target.authority(),
        path: &target.at(HEALTH),
        headers: &headers[..usize::from(!word.is_empty())],
    };
    let answer = match send(&request) {
        Ok(answer) => answer,
        Err(cause) => return vec![no_answer(context, &cause)],
    };
    let arrivals = announced.and_then(|(client, word)| arrivals(client, word));
    match arrivals {
        Ok(arrivals) => match arrivals.first() {
            Some(arrival) => arrived(context, target, local, &answer, arrival),
            None => vec![elsewhere(context, &answer)],
        },
        Err(absence) if answer.status == 200 => vec![absence.finding("proxy.way", context)],
        Err(absence) => vec![
            elsewhere(context, &answer),
            absence.finding("proxy.way", context),
        ],
    }
}

/// Tells the server which word to wait for.
fn announce(context: &Context, mut client: Client) -> Result<(Client, String), Absence> {
    let bytes: [u8; 16] = context
        .random
        .bytes()
        .map_err(|error| Absence::Closed(Failure::failed(error)))?;
    let word = bytes.iter().fold(String::new(), |mut word, byte| {
        // Writing to a text does not fail.
        let _ = write!(word, "{byte:02x}");
        word
    });
    let command = AdminCommand::Probe(ProbeCommand::Announce(word.clone()));
    client.rows(command).map_err(Absence::Closed)?;
    Ok((client, word))
}

fn arrivals(mut client: Client, word: String) -> Result<Vec<Arrival>, Absence> {
    let rows = client
        .rows(AdminCommand::Probe(ProbeCommand::Arrivals(word)))
        .map_err(Absence::Closed)?;
    let rows = rows.into_iter().map(serde_json::from_value);
    rows.collect::<Result<_, _>>()
        .map_err(|error| Absence::Closed(Failure::failed(error)))
}

fn no_answer(context: &Context, cause: &Cause) -> Finding {
    let found = context.say(
        format!("no answer comes: {cause}"),
        format!("没有收到应答:{cause}"),
    );
    Finding::wrong("proxy.no_answer", found)
        .remedy(context.say(cause.remedy(), "请检查该地址上的程序及其日志"))
}

/// The answer of somebody else.
fn elsewhere(context: &Context, answer: &Answer) -> Finding {
    let status = answer.status;
    let by = answer
        .header("server")
        .map(|name| format!(" ({name})"))
        .unwrap_or_default();
    if is_blocked(answer) {
        let found = context.say(
            "the cloud answers in the place of the server: the domain has no ICP filing",
            "云厂商拦截了请求:域名未完成 ICP 备案",
        );
        return Finding::wrong("public_url.icp", found).remedy(context.say(
            "file the domain (备案) with the cloud on whose machine it is; without it mini-programs cannot use it",
            "请在服务器所在的云厂商完成 ICP 备案(或接入备案),否则小程序无法使用该域名",
        ));
    }
    match (status, answer.header("location")) {
        (502..=504, _) => Finding::wrong(
            "proxy.backend",
            context.say(
                format!("the proxy{by} answers {status}: it does not reach bai"),
                format!("反向代理{by}应答 {status}:无法连接 bai"),
            ),
        )
        .remedy(context.say(
            format!("see that bai runs, and that the proxy leads to {} (proxy_pass, its error log)", context.config.server.listen),
            format!("请确认 bai 正在运行,且反向代理指向 {}(proxy_pass,以及 nginx 的 error.log)", context.config.server.listen),
        )),
        (300..=399, Some(to)) => Finding::wrong(
            "proxy.redirected",
            context.say(
                format!("the URL redirects to {to} (status {status})"),
                format!("该地址重定向到 {to}(状态码 {status})"),
            ),
        )
        .remedy(context.say(
            "give mini-programs the address that it leads to; a POST that is redirected loses its body",
            "小程序应直接使用重定向后的地址:被重定向的 POST 会丢失请求体",
        )),
        _ => Finding::wrong(
            "proxy.elsewhere",
            context.say(
                format!("another server or program{by} answers, with status {status}: the request did not come to this bai"),
                format!("应答的是其他服务器或程序{by},状态码 {status}:请求没有到达本机的 bai"),
            ),
        )
        .remedy(context.say(
            format!("see that DNS leads to this machine, and that the proxy has a location for this path that leads to {} (proxy_pass)", context.config.server.listen),
            format!("请确认域名解析到本机,且反向代理中有对应该路径的 location,并指向 {}(proxy_pass)", context.config.server.listen),
        )),
    }
}

/// Whether a cloud answers in the place of a server whose domain has no ICP filing.
fn is_blocked(answer: &Answer) -> bool {
    let is_blocking = |text: &str| {
        ["webblock", "beian", "icp filing"]
            .iter()
            .any(|word| text.contains(word))
    };
    let texts = [answer.header("location").unwrap_or_default(), &answer.body];
    let is_refused = matches!(answer.status, 301..=308 | 403);
    is_refused && texts.iter().any(|text| is_blocking(&text.to_lowercase()))
}

/// What the server tells of a request that came.
fn arrived(
    context: &Context,
    target: &Target,
    local: Option<SocketAddr>,
    answer: &Answer,
    arrival: &Arrival,
) -> Vec<Finding> {
    let mut findings = vec![path(context, target, answer, arrival)];
    if is_direct(context, local, arrival) {
        findings.push(Finding::ok(
            "proxy.none",
            context.say(
                format!("no proxy is in between; the client is {}", arrival.client),
                format!("没有经过反向代理,客户端地址为 {}", arrival.client),
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
fn is_direct(context: &Context, local: Option<SocketAddr>, arrival: &Arrival) -> bool {
    let is_ours = local.is_some_and(|local| {
        SocketAddr::new(local.ip().to_canonical(), local.port()) == arrival.peer
    });
    is_ours || context.config.server.tls.is_on() && arrival.forwarded_for.is_empty()
}

/// The path at which it arrived, which the proxy may change.
fn path(context: &Context, target: &Target, answer: &Answer, arrival: &Arrival) -> Finding {
    let base = &context.config.server.base_path;
    let (got, status) = (&arrival.path, answer.status);
    if *got == format!("{base}{HEALTH}") && status == 200 {
        let found = context.say(
            format!("a request to {target} arrives at this server"),
            format!("发往 {target} 的请求到达了本服务"),
        );
        return Finding::ok("proxy.arrived", found);
    }
    let found = context.say(
        format!("a request for {} arrives as {got}, and is answered {status}: bai expects {base}{HEALTH}", target.at(HEALTH)),
        format!("对 {} 的请求到达时路径为 {got},应答 {status}:bai 期望的路径是 {base}{HEALTH}", target.at(HEALTH)),
    );
    Finding::wrong("proxy.path", found).remedy(path_remedy(context, target, arrival))
}

fn path_remedy(context: &Context, target: &Target, arrival: &Arrival) -> String {
    let server = &context.config.server;
    let (listen, base, prefix) = (server.listen, &server.base_path, &target.path);
    if arrival.path == target.at(HEALTH) && !prefix.is_empty() {
        return context.say(
            format!("let the proxy strip the prefix: \"proxy_pass http://{listen}/;\" with the slash at its end, in \"location {prefix}/\"; or set server.base_path = \"{prefix}\""),
            format!("请让反向代理去掉前缀:在「location {prefix}/」中使用「proxy_pass http://{listen}/;」(末尾有斜杠);或设置 server.base_path = \"{prefix}\""),
        );
    }
    if prefix.is_empty() && !base.is_empty() {
        return context.say(
            format!("server.base_path is \"{base}\": the URL is {target}{base}"),
            format!("server.base_path 为 \"{base}\":地址应为 {target}{base}"),
        );
    }
    context.say(
        format!("in nginx \"location\" and \"proxy_pass\" both end with a slash, or neither does; server.base_path is \"{base}\""),
        format!("nginx 的 location 与 proxy_pass 应同时以斜杠结尾,或都不带;当前 server.base_path 为 \"{base}\""),
    )
}

const NGINX_FORWARDED_FOR: &str = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";

/// The client's address, as the proxy tells it.
fn forwarded(context: &Context, arrival: &Arrival) -> Finding {
    let (peer, client) = (arrival.peer.ip(), arrival.client);
    let hops = arrival.forwarded_for.join(", ");
    let trust = |ip| trust(context, ip);
    if hops.trim().is_empty() {
        let found = context.say(
            format!("the proxy at {peer} does not tell for whom it asks: X-Forwarded-For is missing, so all clients are one, and one of them can lock out all"),
            format!("位于 {peer} 的反向代理没有传递 X-Forwarded-For:所有客户端被视为同一来源,一个人就能让所有人被限流"),
        );
        return Finding::wrong("proxy.no_forwarded_for", found).remedy(context.say(
            format!("nginx, beside proxy_pass:\n{NGINX_FORWARDED_FOR}\nand in the configuration of bai:\n{}", trust(peer)),
            format!("在 nginx 的 proxy_pass 旁添加:\n{NGINX_FORWARDED_FOR}\n并在 bai 的配置中设置:\n{}", trust(peer)),
        ));
    }
    if !arrival.is_trusted {
        let found = context.say(
            format!("X-Forwarded-For is ignored, because the proxy at {peer} is not in server.trusted_proxies: all clients are one, and one of them can lock out all"),
            format!("位于 {peer} 的反向代理不在 server.trusted_proxies 中,X-Forwarded-For 被忽略:所有客户端被视为同一来源,一个人就能让所有人被限流"),
        );
        return Finding::wrong("proxy.untrusted", found).remedy(context.say(
            format!("in the configuration of bai:\n{}", trust(peer)),
            format!("在 bai 的配置中设置:\n{}", trust(peer)),
        ));
    }
    if hops.rsplit(',').next().and_then(address).is_none() {
        let found = context.say(
            format!("X-Forwarded-For is \"{hops}\", which is no address: all clients are one, and one of them can lock out all"),
            format!("X-Forwarded-For 为「{hops}」,不是 IP 地址:所有客户端被视为同一来源,一个人就能让所有人被限流"),
        );
        return Finding::wrong("proxy.unreadable", found).remedy(context.say(
            format!("nginx, beside proxy_pass:\n{NGINX_FORWARDED_FOR}"),
            format!("在 nginx 的 proxy_pass 旁添加:\n{NGINX_FORWARDED_FOR}"),
        ));
    }
    // We wrote none ourselves, so the first hop is us.
    if hops.split(',').next().and_then(address) != Some(client) {
        let found = context.say(
            format!("X-Forwarded-For is \"{hops}\", of which bai takes {client} for the client: another proxy is in front"),
            format!("X-Forwarded-For 为「{hops}」,bai 将 {client} 视为客户端:前面还有一层代理"),
        );
        return Finding::wrong("proxy.second", found).remedy(context.say(
            format!(
                "if {client} is a proxy or a load balancer of yours, name it, too:\n{}",
                trust(client)
            ),
            format!(
                "如果 {client} 是您的代理或负载均衡,请一并加入:\n{}",
                trust(client)
            ),
        ));
    }
    Finding::ok(
        "proxy.client",
        context.say(
            format!("the proxy at {peer} is trusted; it says that the client is {client}"),
            format!("反向代理 {peer} 受信任,客户端地址为 {client}"),
        ),
    )
}

/// The address of a hop, with or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.trim().parse::<SocketAddr>().ok().map(|it| it.ip());
    let ip = hop.trim().parse().ok().or_else(with_port)?;
    Some(ip.to_canonical())
}

/// Lines of the configuration that trust another address, too.
fn trust(context: &Context, ip: IpAddr) -> String {
    let known = context.config.server.trusted_proxies.iter();
    let all = known
        .map(ToString::to_string)
        .chain([ip.to_string()])
        .map(|it| format!("\"{it}\""));
    let all: Vec<_> = all.collect();
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
        format!("反向代理没有传递域名:bai 看到的 Host 是「{got}」"),
    );
    Some(Finding::advice("proxy.host", found).remedy(context.say(
        "nginx, beside proxy_pass:\nproxy_set_header Host $host;",
        "在 nginx 的 proxy_pass 旁添加:\nproxy_set_header Host $host;",
    )))
}

fn version(context: &Context, arrival: &Arrival) -> Option<Finding> {
    if arrival.version != "HTTP/1.0" {
        return None;
    }
    let found = context.say(
        "the proxy speaks HTTP/1.0, with a new connection for each request",
        "反向代理使用 HTTP/1.0,每个请求都新建连接",
    );
    let remedy = "proxy_http_version 1.1;\nproxy_set_header Connection \"\";";
    Some(
        Finding::advice("proxy.http_version", found).remedy(context.say(
            format!("nginx, beside proxy_pass:\n{remedy}"),
            format!("在 nginx 的 proxy_pass 旁添加:\n{remedy}"),
        )),
    )
}
