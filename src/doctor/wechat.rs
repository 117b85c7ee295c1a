//! WeChat: the way to it, and whether it knows this app and lets this server in. The access token is asked for once, without a renewal:
//! the one of a running server stays good.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use tokio::runtime;
use url::Url;

use super::context::Context;
use super::exchange::resolve;
use super::finding::Finding;
use super::{addresses, cause};
use crate::config::{Provider, Wechat};
use crate::outbound::Cause;
use crate::wechat::{Client, Error, Refusal, ips};

/// Time for a call above which a login feels slow.
const SLOW_MS: u128 = 1500;

pub fn look(context: &Context) -> Vec<Finding> {
    if context.config.wechat.provider == Provider::Sandbox {
        let found = context.say(
            "wechat.provider is \"sandbox\", which asks nobody",
            "wechat.provider 为 \"sandbox\"，不会访问微信",
        );
        return vec![Finding::not_looked_at("wechat.sandbox", found)];
    }
    let mut findings: Vec<_> = name(context).into_iter().collect();
    findings.extend(introduce(context));
    findings
}

/// Addresses of WeChat's host name; a proxy looks them up by itself.
fn name(context: &Context) -> Option<Finding> {
    let settings = &context.config.wechat;
    let url = Url::parse(settings.base_url.expose()).ok()?;
    let name = url.domain().filter(|_| settings.proxy.is_empty())?;
    let port = url.port_or_known_default()?;
    // Without an address the call says so.
    let addresses = resolve(name, port).ok()?;
    let ips: Vec<_> = addresses.iter().map(SocketAddr::ip).collect();
    let listed = addresses::list(&ips);
    let found = context.say(
        format!("{name} leads to {listed}"),
        format!("{name} 解析到 {listed}"),
    );
    let is_theirs = name == "localhost" || ips.iter().any(|ip| addresses::is_public(*ip));
    Some(match is_theirs {
        true => Finding::ok("wechat.name", found),
        false => Finding::advice("wechat.name", found).remedy(context.say(
            "that is no address of WeChat's: see /etc/hosts and the name server",
            "这不是微信的地址：请检查 /etc/hosts 和 DNS 设置",
        )),
    })
}

fn introduce(context: &Context) -> Vec<Finding> {
    let mut settings = context.config.wechat.clone();
    settings.timeout = settings.timeout.min(Context::PATIENCE);
    let started = Instant::now();
    let result = ask(context, &settings);
    let took = started.elapsed().as_millis();
    match result {
        Ok(()) => accepted(context, took),
        Err(error) => vec![failed(context, &error)],
    }
}

fn ask(context: &Context, settings: &Wechat) -> Result<(), Error> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Error::Unavailable(error.to_string()))?;
    let (clock, random) = (context.clock.clone(), context.random.clone());
    let client = Client::new(settings, &context.config.limits, clock, random);
    let result = runtime.block_on(client.introduce());
    // A call that hangs in the system's resolver is left behind.
    runtime.shutdown_background();
    result
}

fn accepted(context: &Context, took: u128) -> Vec<Finding> {
    let answered = context.say(
        format!("WeChat can be reached and answers within {took} ms"),
        format!("可以连接微信，响应用时 {took} 毫秒"),
    );
    let answered = match took {
        ..SLOW_MS => Finding::ok("wechat.reached", answered),
        _ => Finding::advice("wechat.slow", answered).remedy(context.say(
            "each login waits that long: see the name server, the route, and wechat.proxy",
            "每次登录都要等待这么久：请检查 DNS、网络线路以及 wechat.proxy",
        )),
    };
    let known = context.say(
        "WeChat accepts AppID and AppSecret",
        "微信接受 AppID 和 AppSecret",
    );
    let allowed = context.say(
        "WeChat's IP allowlist has this server's address, or is off",
        "微信的 IP 白名单包含本服务器的 IP，或未启用",
    );
    vec![
        answered,
        Finding::ok("wechat.accepted", known),
        Finding::ok("wechat.allowed", allowed),
    ]
}

fn failed(context: &Context, error: &Error) -> Finding {
    match error {
        Error::Misconfigured(refusal) | Error::CodeRefused(refusal) => refused(context, refusal),
        Error::Quota { .. } => quota(context, error.errcode().unwrap_or_default()),
        Error::Busy(refusal) => {
            let found = context.say(
                format!("WeChat says that it is busy: {refusal}"),
                format!("微信提示系统繁忙：{refusal}"),
            );
            Finding::advice("wechat.busy", found)
                .remedy(context.say("run this again in a minute", "请一分钟后重新运行"))
        }
        Error::Unreachable(cause) => unreachable(context, cause),
        Error::ProxyUnreachable(cause) => {
            let why = cause::words(context, cause);
            let found = context.say(
                format!("the way to WeChat through wechat.proxy is cut: {why}"),
                format!("无法通过 wechat.proxy 连接微信：{why}"),
            );
            Finding::wrong("wechat.proxy", found).remedy(context.say(
                cause.remedy(),
                "请检查 wechat.proxy 的地址、用户名和密码，以及代理是否运行",
            ))
        }
        Error::Odd(_) | Error::Full | Error::Unavailable(_) => {
            let found = context.say(
                format!("the answer is not WeChat's: {error}"),
                format!("响应不是来自微信：{error}"),
            );
            Finding::wrong("wechat.odd", found).remedy(context.say(
                "see who answers at wechat.base_url: a proxy, a captive portal, another program",
                "请检查 wechat.base_url 指向的是什么：代理、认证门户或其他程序",
            ))
        }
    }
}

fn unreachable(context: &Context, cause: &Cause) -> Finding {
    let why = cause::words(context, cause);
    let found = context.say(
        format!("WeChat cannot be reached: {why}"),
        format!("无法连接微信：{why}"),
    );
    let remedy = match cause {
        Cause::Unresolved => context.say(
            "see whether this machine can look names up: /etc/resolv.conf, getent hosts api.weixin.qq.com",
            "请检查本机的域名解析：/etc/resolv.conf、getent hosts api.weixin.qq.com",
        ),
        cause if cause.is_of_tls() => context.say(
            "see who answers at wechat.base_url, and the clock of this machine",
            "请检查 wechat.base_url 指向的是什么程序，以及本机时钟",
        ),
        _ => context.say(
            "see that the security group and the firewall let connections out to port 443; a machine without internet access needs wechat.proxy",
            "请确认安全组和防火墙允许访问外网 443 端口；没有外网的服务器需要设置 wechat.proxy",
        ),
    };
    Finding::wrong("wechat.unreachable", found).remedy(remedy)
}

fn quota(context: &Context, errcode: i64) -> Finding {
    let found = context.say(
        format!("a quota of WeChat's is used up (errcode {errcode})"),
        format!("微信接口调用额度已用完（errcode {errcode}）"),
    );
    let remedy = match errcode {
        45009 => context.say(
            "no login works today: reset the day's quota at mp.weixin.qq.com, 开发管理 > 接口调用额度 (10 times a month), and see what calls so often",
            "今天将无法登录：请在 mp.weixin.qq.com「开发管理 > 接口调用额度」清零当日额度（每月 10 次），并查明是什么在频繁调用",
        ),
        _ => context.say("run this again in a minute", "请一分钟后重新运行"),
    };
    Finding::wrong("wechat.quota", found).remedy(remedy)
}

fn refused(context: &Context, refusal: &Refusal) -> Finding {
    let number = refusal.errcode;
    match number {
        40164 | 45035 | 61004 => not_allowed(context, refusal),
        40125 | 40001 | 41004 => Finding::wrong(
            "wechat.secret",
            context.say(
                format!("WeChat refuses the AppSecret (errcode {number})"),
                format!("AppSecret 不正确（errcode {number}）"),
            ),
        )
        .remedy(context.say(
            "copy it into wechat.secret from mp.weixin.qq.com, 开发管理 > 开发设置 > AppSecret(小程序密钥). It is shown once: if it was reset, the old one is void, in other programs, too",
            "请到 mp.weixin.qq.com「开发管理 > 开发设置」复制 AppSecret（小程序密钥），填入 wechat.secret。AppSecret 只显示一次；重置后，旧的 AppSecret 立即失效，其他程序也要一并更换",
        )),
        40013 | 41002 | 40002 => Finding::wrong(
            "wechat.app_id",
            context.say(
                format!("WeChat does not know the AppID (errcode {number})"),
                format!("AppID 不正确（errcode {number}）"),
            ),
        )
        .remedy(context.say(
            "copy it into wechat.app_id from mp.weixin.qq.com, 开发管理 > 开发设置 > AppID(小程序ID); it begins with wx",
            "请到 mp.weixin.qq.com「开发管理 > 开发设置」复制 AppID（小程序 ID），填入 wechat.app_id，以 wx 开头",
        )),
        410 | 48017 => Finding::wrong(
            "wechat.retired_address",
            context.say(
                format!("the address of WeChat's that we came to is retired (errcode {number})"),
                format!("所连接的微信服务器 IP 已停用（errcode {number}）"),
            ),
        )
        .remedy(context.say(
            "remove pinned addresses: /etc/hosts, DNS, the proxy",
            "请删除 /etc/hosts、DNS 与代理中固定的微信 IP",
        )),
        48001 | 50002 | 50004 => Finding::wrong(
            "wechat.not_permitted",
            context.say(
                format!("the mini-program's account is restricted or has no permission: {refusal}"),
                format!("小程序账号受限或没有接口权限：{refusal}"),
            ),
        )
        .remedy(context.say(
            "see the notices at mp.weixin.qq.com",
            "请登录 mp.weixin.qq.com 查看站内通知",
        )),
        _ => Finding::wrong(
            "wechat.refused",
            context.say(format!("WeChat refuses: {refusal}"), format!("微信拒绝了请求：{refusal}")),
        )
        .remedy(context.say(
            "look the errcode up at developers.weixin.qq.com; Tencent's support asks for the rid",
            "请在 developers.weixin.qq.com 查询该 errcode；联系腾讯客服时请提供 rid",
        )),
    }
}

/// WeChat names our public address when it does not let us in.
fn not_allowed(context: &Context, refusal: &Refusal) -> Finding {
    let (named, number) = (ips(&refusal.errmsg), refusal.errcode);
    let ip = match named.is_empty() {
        false => named.join(", "),
        true => return not_named(context, number),
    };
    let found = context.say(
        format!("WeChat's IP allowlist does not have this server's public address {ip} (errcode {number})"),
        format!("本服务器的公网 IP {ip} 不在 IP 白名单中（errcode {number}）"),
    );
    Finding::wrong("wechat.not_allowed", found).remedy(context.say(
        format!("add {ip} at mp.weixin.qq.com, 开发管理 > 开发设置 > IP 白名单; it counts within minutes"),
        format!("请到 mp.weixin.qq.com「开发管理 > 开发设置 > IP 白名单」添加 {ip}，几分钟后生效"),
    ))
}

/// The same of a WeChat that does not name it: what we say is a guess.
fn not_named(context: &Context, number: i64) -> Finding {
    let found = context.say(
        format!("WeChat's IP allowlist does not have this server's public address, which WeChat does not name (errcode {number})"),
        format!("本服务器的公网 IP 不在 IP 白名单中，微信没有返回该 IP（errcode {number}）"),
    );
    let remedy = match guess(context) {
        Some(ip) => context.say(
            format!("add the address from which this machine goes out at mp.weixin.qq.com, 开发管理 > 开发设置 > IP 白名单. It may be {ip}, which is a guess: your cloud's console has it"),
            format!("请到 mp.weixin.qq.com「开发管理 > 开发设置 > IP 白名单」添加本机访问外网时的 IP，可能是 {ip}（推测，请以云服务商控制台为准）"),
        ),
        None => context.say(
            "add the address from which this machine goes out at mp.weixin.qq.com, 开发管理 > 开发设置 > IP 白名单: your cloud's console has it",
            "请到 mp.weixin.qq.com「开发管理 > 开发设置 > IP 白名单」添加本机访问外网时的 IP，可在云服务商控制台查看",
        ),
    };
    Finding::wrong("wechat.not_allowed", found).remedy(remedy)
}

/// Our public address, as far as it can be told without asking anybody.
fn guess(context: &Context) -> Option<IpAddr> {
    let by_name = context.target.as_ref().and_then(|target| {
        let addresses = resolve(&target.host.to_string(), target.port).ok()?;
        addresses.first().map(SocketAddr::ip)
    });
    let ip: Option<IpAddr> = by_name.or_else(addresses::outgoing);
    ip.filter(|ip| addresses::is_public(*ip))
}
