//! The clock of this machine, beside WeChat's.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;
use url::Url;

use super::context::Context;
use super::exchange::{Answer, Request, connect, limit, resolve, server_name, shake_hands};
use super::finding::Finding;
use crate::config::Provider;
use crate::outbound::Cause;

/// Difference that no network makes.
const MOST_SECONDS: i64 = 30;

pub fn look(context: &Context) -> Vec<Finding> {
    vec![beside_wechat(context), zone(context)]
}

fn beside_wechat(context: &Context) -> Finding {
    let settings = &context.config.wechat;
    if settings.provider == Provider::Sandbox || !settings.proxy.is_empty() {
        return unknown(context);
    }
    match answer(settings.base_url.expose()) {
        Ok(answer) => match answer.header("date").and_then(time) {
            Some(theirs) => judge(context, theirs, context.clock.now()),
            None => unknown(context),
        },
        Err(_) => unknown(context),
    }
}

fn unknown(context: &Context) -> Finding {
    let found = context.say(
        "there is no other clock to compare with: WeChat is not asked, or does not answer",
        "没有可以对照的时间：未访问微信，或微信没有响应",
    );
    Finding::not_looked_at("clock.unknown", found).remedy(context.say(
        "timedatectl says whether the clock is synchronised",
        "请用 timedatectl 查看时钟是否已同步",
    ))
}

fn time(date: &str) -> Option<Timestamp> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(date).ok()
}

/// Answer to a request that is about nothing.
fn answer(url: &str) -> Result<Answer, Cause> {
    let url = Url::parse(url).map_err(|_| Cause::Other)?;
    let host = url.host().ok_or(Cause::Other)?.to_owned();
    let port = url.port_or_known_default().ok_or(Cause::Other)?;
    let address = resolve(&host.to_string(), port)?;
    let mut stream = connect(address[0])?;
    limit(&stream);
    let request = Request {
        authority: &host.to_string(),
        path: "/",
        headers: &[],
    };
    if url.scheme() == "http" {
        return request.send(&mut stream);
    }
    let name = server_name(&host).ok_or(Cause::Other)?;
    let (mut stream, _) = shake_hands(stream, &name)?;
    request.send(&mut stream)
}

fn judge(context: &Context, theirs: Timestamp, ours: Timestamp) -> Finding {
    let ahead = ours.as_second() - theirs.as_second();
    if ahead.abs() <= MOST_SECONDS {
        let found = context.say(
            format!("the clock is right: {ahead} s from WeChat's"),
            format!("时钟准确：与微信相差 {ahead} 秒"),
        );
        return Finding::ok("clock.right", found);
    }
    let found = context.say(
        format!("the clock is wrong by {ahead} s: tokens, certificates and the audit log go by it"),
        format!("时钟相差 {ahead} 秒：token、证书和事件都依赖时钟"),
    );
    Finding::wrong("clock.wrong", found).remedy(context.say(
        "have it set by the network:\ntimedatectl set-ntp true\nor install and enable chrony:\nsystemctl enable --now chronyd",
        "请启用网络校时：\ntimedatectl set-ntp true\n或安装并启用 chrony：\nsystemctl enable --now chronyd",
    ))
}

fn zone(context: &Context) -> Finding {
    let zone = TimeZone::system();
    let now = context
        .clock
        .now()
        .to_zoned(zone)
        .strftime("%F %T %:z")
        .to_string();
    Finding::ok(
        "clock.zone",
        context.say(
            format!("it is {now} here; the database and the log have UTC"),
            format!("本机时间 {now}；数据库和日志使用 UTC"),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_minute_is_the_network_s_and_more_is_the_clock_s() {
        let context = Context::of_tests();
        let theirs = time("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        for (ahead, code) in [
            (0, "clock.right"),
            (30, "clock.right"),
            (-30, "clock.right"),
            (31, "clock.wrong"),
            (-31, "clock.wrong"),
        ] {
            let ours = Timestamp::from_second(theirs.as_second() + ahead).unwrap();
            assert_eq!(judge(&context, theirs, ours).code, code, "{ahead}");
        }
    }
}
