//! The configuration: where it comes from, and settings that are for trying out.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::context::Context;
use super::finding::Finding;
use super::target::Target;
use crate::config::{Config, Provider, Setting, Source};

/// Keys whose values are nobody else's.
const SECRETS: [&str; 6] = [
    "wechat.secret",
    "backup.s3.access_key",
    "backup.s3.secret_key",
    "metrics.token",
    "store.url",
    "wechat.proxy",
];
/// Others than the owner: mode of a file.
const READABLE_BY_OTHERS: u32 = 0o004;
/// The host of WeChat's API, and of its spare ones.
const WECHAT: &str = "weixin.qq.com";

pub fn look(context: &Context) -> Vec<Finding> {
    let config = &context.config;
    let settings = config.settings().unwrap_or_default();
    let mut findings = vec![file(context, &settings)];
    let doubts = config.doubts().into_iter();
    findings.extend(doubts.map(|doubt| Finding::advice("configuration.doubt", doubt)));
    let others = [
        readable(context),
        sandbox(context),
        stand_in(context),
        limits(context),
        listen(context),
        plain(context),
        public_urls(context),
        passed_over(context),
        cost(context),
        log(context),
    ];
    findings.extend(others.into_iter().flatten());
    findings
}

fn file(context: &Context, settings: &[Setting]) -> Finding {
    let is_variable = |it: &&Setting| matches!(it.source, Source::Environment(_));
    let variables = settings.iter().filter(is_variable).count();
    match context.config.sources.file() {
        Some(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let path = path.display();
            let found = match variables {
                0 => path.to_string(),
                _ => context.say(
                    format!("{path}, and {variables} keys of the environment"),
                    format!("{path}，另有 {variables} 项来自环境变量"),
                ),
            };
            Finding::ok("configuration.file", found)
        }
        None if variables > 0 => Finding::ok(
            "configuration.environment",
            context.say(
                format!("no file, and {variables} keys of the environment"),
                format!("没有配置文件，{variables} 项来自环境变量"),
            ),
        ),
        None => Finding::advice(
            "configuration.none",
            context.say(
                "there is no file: everything is as it is by default",
                "没有配置文件，全部为默认值",
            ),
        )
        .remedy(context.say(
            "make one: bai config init config.toml\nor name the server's: bai doctor --config /etc/bai/config.toml",
            "请生成一份：bai config init config.toml\n或指定服务所用的配置文件：bai doctor --config /etc/bai/config.toml",
        )),
    }
}

/// A file with a secret that everybody on this machine can read.
fn readable(context: &Context) -> Option<Finding> {
    let config = &context.config;
    let file = config.sources.file()?;
    let is_from_file = |key: &&&str| matches!(config.sources.of(key), Source::File(_));
    let secret = SECRETS.iter().find(is_from_file)?;
    let mode = fs::metadata(file).ok()?.permissions().mode();
    if mode & READABLE_BY_OTHERS == 0 {
        return None;
    }
    let path = file.display();
    let found = context.say(
        format!("everybody on this machine can read {path}, which has {secret}"),
        format!("本机所有用户都能读取 {path}，其中有 {secret}"),
    );
    let remedy = context.say(
        format!("{}\nthe group has to be the server's", closing(file)),
        format!("{}\n文件的组应为服务用户所在的组", closing(file)),
    );
    Some(Finding::wrong("configuration.readable", found).remedy(remedy))
}

fn closing(file: &Path) -> String {
    format!("chmod o= {}", file.display())
}

fn sandbox(context: &Context) -> Option<Finding> {
    let wechat = &context.config.wechat;
    if wechat.provider != Provider::Sandbox {
        return None;
    }
    let finding = match wechat.sandbox_public {
        true => Finding::wrong(
            "configuration.sandbox_public",
            context.say(
                "the sandbox stands in for WeChat and others can reach it: anybody can log in as anybody",
                "沙箱已对外开放：任何能访问该地址的人，都能以任何人的身份登录",
            ),
        ),
        false => Finding::wrong(
            "configuration.sandbox",
            context.say(
                "the sandbox stands in for WeChat: any code logs in",
                "当前由沙箱代替微信：任意 code 都能登录",
            ),
        ),
    };
    Some(finding.remedy(context.say(
        "for production:\n[wechat]\nprovider = \"wechat\"\napp_id = \"wx…\"\nsecret = \"…\"",
        "正式使用请设置：\n[wechat]\nprovider = \"wechat\"\napp_id = \"wx…\"\nsecret = \"…\"",
    )))
}

/// Something else in the place of WeChat's API.
fn stand_in(context: &Context) -> Option<Finding> {
    let wechat = &context.config.wechat;
    let url = url::Url::parse(wechat.base_url.expose()).ok()?;
    let is_theirs =
        url.domain().is_some_and(|name| name.ends_with(WECHAT)) && url.scheme() == "https";
    if wechat.provider == Provider::Sandbox || is_theirs {
        return None;
    }
    let found = context.say(
        format!(
            "wechat.base_url is {}, which is not WeChat's",
            wechat.base_url
        ),
        format!("wechat.base_url 为 {}，不是微信的地址", wechat.base_url),
    );
    Some(
        Finding::advice("configuration.stand_in", found).remedy(context.say(
            "for production: base_url = \"https://api.weixin.qq.com\"",
            "正式使用请设置 base_url = \"https://api.weixin.qq.com\"",
        )),
    )
}

fn limits(context: &Context) -> Option<Finding> {
    let found = (!context.config.limits.enabled).then(|| {
        context.say(
            "limits.enabled is false: passwords can be guessed without an end",
            "limits.enabled 为 false：可以无限次猜测密码",
        )
    })?;
    let remedy = context.say(
        "that is for load tests: set it to true",
        "该设置仅用于压力测试，请改为 true",
    );
    Some(Finding::wrong("configuration.limits", found).remedy(remedy))
}

/// Plain HTTP on an address that others can reach, and no proxy that is known.
fn listen(context: &Context) -> Option<Finding> {
    let server = &context.config.server;
    let is_meant = server.listen.ip().is_loopback()
        || server.tls.is_on()
        || !server.trusted_proxies.is_empty();
    if is_meant {
        return None;
    }
    let found = context.say(
        format!("server.listen is {}, without TLS: passwords and tokens go over the network as they are", server.listen),
        format!("server.listen 为 {}，没有 TLS：密码和 token 以明文传输", server.listen),
    );
    Some(Finding::advice("configuration.listen", found).remedy(context.say(
        "behind a proxy on this machine listen on 127.0.0.1:8090; without a proxy set server.tls",
        "反向代理在本机时请监听 127.0.0.1:8090；不用反向代理时请设置 server.tls",
    )))
}

/// Plain HTTP on all addresses, although a proxy is known by which phones should come.
fn plain(context: &Context) -> Option<Finding> {
    let server = &context.config.server;
    let is_behind_proxy = !server.trusted_proxies.is_empty() && !server.tls.is_on();
    let is_open = is_behind_proxy && server.listen.ip().is_unspecified();
    let found = is_open.then(|| {
        context.say(
            format!("server.listen is {}: plain HTTP is answered at every address of this machine, past the proxy", server.listen),
            format!("server.listen 为 {}：本机所有 IP 地址都响应明文 HTTP，可绕过反向代理", server.listen),
        )
    })?;
    let port = server.listen.port();
    Some(Finding::advice("configuration.plain", found).remedy(context.say(
        format!("with the proxy on this machine listen on 127.0.0.1:{port}; else let the firewall or security group pass port {port} from the proxy only"),
        format!("反向代理在本机时请监听 127.0.0.1:{port}；否则请在防火墙或安全组中只允许反向代理访问端口 {port}"),
    )))
}

fn public_urls(context: &Context) -> Option<Finding> {
    let server = &context.config.server;
    if server.public_urls.is_empty() || server.public_urls != Config::default().server.public_urls {
        return None;
    }
    let found = context.say(
        "server.public_urls has the sample's addresses, which the API documentation shows",
        "server.public_urls 仍是示例地址，会显示在 API 文档中",
    );
    Some(
        Finding::advice("configuration.public_urls", found).remedy(context.say(
            "[server]\npublic_urls = [\"https://api.example.com\"]\nwith your own address, or []",
            "[server]\npublic_urls = [\"https://api.example.com\"]\n请换成你自己的地址，或设为 []",
        )),
    )
}

/// Entries of `server.public_urls` that lead to whichever machine reads them.
fn passed_over(context: &Context) -> Option<Finding> {
    let server = &context.config.server;
    if server.public_urls == Config::default().server.public_urls {
        return None;
    }
    let written = server.public_urls.iter();
    let targets = written.filter_map(|it| Target::parse(it.url.expose()).ok());
    let local: Vec<_> = targets
        .filter(Target::is_of_this_machine)
        .map(|it| it.to_string())
        .collect();
    let local = (!local.is_empty()).then(|| local.join(", "))?;
    let found = context.say(
        format!("server.public_urls has {local}, which no phone reaches: it is passed over here"),
        format!("server.public_urls 中有 {local}，手机无法访问：本命令会跳过它"),
    );
    Some(
        Finding::advice("configuration.loopback_url", found).remedy(context.say(
            "take it out: the API documentation shows it, too",
            "请删除：API 文档中也会显示它",
        )),
    )
}

/// Passwords that are hashed for less than they are by default.
fn cost(context: &Context) -> Option<Finding> {
    let (own, usual) = (&context.config.password, Config::default().password);
    let is_cheap = own.log_n < usual.log_n || own.r < usual.r || own.p < usual.p;
    let found = is_cheap.then(|| {
        context.say(
            "password.log_n, r or p is below its default: stolen hashes are guessed sooner",
            "password.log_n、r 或 p 低于默认值：泄露的密码哈希更容易被破解",
        )
    })?;
    let remedy = context.say(
        "take the three out of the configuration",
        "请从配置中删除这三项",
    );
    Some(Finding::advice("configuration.password", found).remedy(remedy))
}

fn log(context: &Context) -> Option<Finding> {
    let level = &context.config.log.level;
    let mut levels = level.split(',').map(str::trim);
    if !levels.any(|it| ["debug", "trace"].contains(&it)) {
        return None;
    }
    let found = context.say(
        format!("log.level is \"{level}\", which fills the disk with a line for each request"),
        format!("log.level 为「{level}」，每个请求都会写日志，占用磁盘"),
    );
    Some(
        Finding::advice("configuration.log", found)
            .remedy(context.say("level = \"info\"", "level = \"info\"")),
    )
}
