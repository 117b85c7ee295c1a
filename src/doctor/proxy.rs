//! The proxy between the public URL and the server, as a request sees it: one with a random word is sent through the URL, and the
//! server tells how it arrived.

use super::arrival::{is_ours, judge};
use super::context::Context;
use super::exchange::{Answer, Line};
use super::finding::Finding;
use super::probe::{Probe, ask_for_health};
use super::server::Absence;
use super::way::Way;
use super::{cause, forged};
use crate::outbound::Cause;

/// Sends a probe over the line, and says how it arrived.
pub fn look(
    context: &Context,
    way: &Way,
    announced: Result<Probe, Absence>,
    mut line: Line,
) -> Vec<Finding> {
    match announced {
        Ok(probe) => probed(context, way, probe, &mut line),
        // Nothing would come, until the proxy gives up.
        Err(absence @ Absence::Hanging) => vec![absence.finding("proxy.way", context)],
        Err(absence) => unprobed(context, way, &absence, &mut line),
    }
}

fn probed(context: &Context, way: &Way, probe: Probe, line: &mut Line) -> Vec<Finding> {
    let answer = match probe.send(way.target, line, &[]) {
        Ok(answer) => answer,
        Err(cause) => return vec![no_answer(context, &cause)],
    };
    let arrival = match probe.arrival() {
        Ok(Some(arrival)) => arrival,
        Ok(None) => return vec![elsewhere(context, &answer)],
        Err(absence) => return without_arrival(context, &absence, &answer),
    };
    let mut findings = judge(context, way, &answer, &arrival);
    if !is_ours(way, &arrival) {
        findings.extend(forged::look(context, way));
    }
    findings
}

fn unprobed(context: &Context, way: &Way, absence: &Absence, line: &mut Line) -> Vec<Finding> {
    match ask_for_health(way.target, line, &[]) {
        Ok(answer) => without_arrival(context, absence, &answer),
        Err(cause) => vec![no_answer(context, &cause)],
    }
}

/// All that an answer tells where the server cannot be asked.
fn without_arrival(context: &Context, absence: &Absence, answer: &Answer) -> Vec<Finding> {
    let not_asked = absence.finding("proxy.way", context);
    match answer.status {
        200 => vec![not_asked],
        _ => vec![elsewhere(context, answer), not_asked],
    }
}

fn no_answer(context: &Context, cause: &Cause) -> Finding {
    let why = cause::words(context, cause);
    let found = context.say(
        format!("no answer comes: {why}"),
        format!("没有收到响应：{why}"),
    );
    Finding::wrong("proxy.no_answer", found)
        .remedy(context.say(cause.remedy(), "请检查该地址上的程序及其日志"))
}

/// The answer of somebody else.
fn elsewhere(context: &Context, answer: &Answer) -> Finding {
    let status = answer.status;
    let by = answer
        .header("server")
        .map(|name| context.say(format!(" ({name})"), format!("（{name}）")))
        .unwrap_or_default();
    if is_blocked(answer) {
        let found = context.say(
            "the cloud answers in the place of the server: the domain has no ICP filing",
            "云服务商拦截了请求：域名未完成 ICP 备案",
        );
        return Finding::wrong("public_url.icp", found).remedy(context.say(
            "file the domain (备案) with the cloud on whose machine it is; without it mini-programs cannot use it",
            "请在服务器所在的云服务商完成 ICP 备案（或接入备案），否则小程序无法使用该域名",
        ));
    }
    match (status, answer.header("location")) {
        (502..=504, _) => Finding::wrong(
            "proxy.backend",
            context.say(
                format!("the proxy{by} answers {status}: it does not reach bai"),
                format!("反向代理{by}返回 {status}：无法连接 bai"),
            ),
        )
        .remedy(context.say(
            format!("see that bai runs, and that the proxy leads to {} (proxy_pass, its error log)", context.config.server.listen),
            format!("请确认 bai 正在运行，且反向代理指向 {}（proxy_pass，以及 nginx 的 error.log）", context.config.server.listen),
        )),
        (300..=399, Some(to)) => Finding::wrong(
            "proxy.redirected",
            context.say(
                format!("the URL redirects to {to} (status {status})"),
                format!("该地址重定向到 {to}（状态码 {status}）"),
            ),
        )
        .remedy(context.say(
            "give mini-programs the address that it leads to; a POST that is redirected loses its body",
            "小程序应直接使用重定向后的地址：被重定向的 POST 会丢失请求体",
        )),
        _ => Finding::wrong(
            "proxy.elsewhere",
            context.say(
                format!("another server or program{by} answers, with status {status}: the request did not come to this bai"),
                format!("响应来自其他服务器或程序{by}，状态码 {status}：请求没有到达本机的 bai"),
            ),
        )
        .remedy(context.say(
            format!("see that DNS leads to this machine, and that the proxy has a location for this path that leads to {} (proxy_pass)", context.config.server.listen),
            format!("请确认域名解析到本机，且反向代理中有对应该路径的 location，并指向 {}（proxy_pass）", context.config.server.listen),
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
