//! Causes of failed connections, in the language of whoever reads.

use super::context::Context;
use crate::outbound::Cause;

/// The cause in words.
pub fn words(context: &Context, cause: &Cause) -> String {
    context.say(cause.to_string(), chinese(cause))
}

fn chinese(cause: &Cause) -> String {
    match cause {
        Cause::Unresolved => "域名无法解析".to_owned(),
        Cause::Refused => "连接被拒绝".to_owned(),
        Cause::Unreachable => "没有到该地址的路由".to_owned(),
        Cause::ConnectTimeout(_) => "连接超时".to_owned(),
        Cause::Timeout(_) => "等待响应超时".to_owned(),
        Cause::Untrusted => "TLS 证书不受信任（自签名，或证书链不完整）".to_owned(),
        Cause::Expired => "TLS 证书已过期，或本机时钟不准".to_owned(),
        Cause::NotYetValid => "TLS 证书尚未生效，或本机时钟不准".to_owned(),
        Cause::WrongName => "TLS 证书与域名不符".to_owned(),
        Cause::NotTls => "该端口不是 TLS".to_owned(),
        Cause::Tls(what) => format!("TLS 错误（{what}）"),
        Cause::NotHttp => "响应不是 HTTP".to_owned(),
        Cause::Broken(how) => format!("连接中断（{how}）"),
        Cause::TooLong => "响应过长".to_owned(),
        Cause::Proxy => "代理无法使用".to_owned(),
        Cause::ProxyStatus(status) => format!("代理返回 HTTP 状态码 {status}"),
        Cause::Other => "HTTP 请求失败".to_owned(),
    }
}
