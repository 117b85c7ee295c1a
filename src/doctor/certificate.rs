//! The certificate of the public URL: trusted by phones, for this name, and for how long yet.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{Error, RootCertStore};

use super::cause;
use super::context::Context;
use super::finding::Finding;
use crate::outbound::Cause;
use crate::server::{is_own_authority, validity_of};

/// Days below which a certificate should have been renewed.
const FEW_DAYS: i64 = 14;
/// Days below which nothing will renew it any more.
const HARDLY_ANY: i64 = 3;
/// The file of further roots, by the name that OpenSSL gave it.
const OWN_ROOTS: &str = "SSL_CERT_FILE";

/// Looks at the chain that was shown for `name`.
pub fn judge(
    context: &Context,
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
) -> Vec<Finding> {
    let verdict = verify(chain, name, context.clock.now());
    let first = match verdict {
        Ok(()) => Finding::ok(
            "certificate.trusted",
            context.say(
                format!(
                    "the certificate is trusted, for {}, with its chain",
                    name.to_str()
                ),
                format!("证书受信任，域名 {} 相符，证书链完整", name.to_str()),
            ),
        ),
        Err(error) => refused(context, chain, &Cause::from(&error)),
    };
    let end = chain.first().and_then(validity_of).map(|(_, end)| end);
    let left = end.map(|end| left(context, end));
    [Some(first), left].into_iter().flatten().collect()
}

/// Verifies the chain as a phone does, with the roots of the web and those of `SSL_CERT_FILE`.
fn verify(
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    now: Timestamp,
) -> Result<(), Error> {
    let (first, others) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots()), provider);
    let verifier = verifier
        .build()
        .map_err(|error| Error::General(error.to_string()))?;
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    verifier
        .verify_server_cert(first, others, name, &[], now)
        .map(|_| ())
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let own = std::env::var_os(OWN_ROOTS).and_then(|path| CertificateDer::pem_file_iter(path).ok());
    roots.add_parsable_certificates(own.into_iter().flatten().flatten());
    roots
}

fn refused(context: &Context, chain: &[CertificateDer<'_>], cause: &Cause) -> Finding {
    match cause {
        Cause::Untrusted => untrusted(context, chain),
        Cause::WrongName => Finding::wrong(
            "certificate.name",
            context.say("the certificate is for another name", "证书与域名不符"),
        )
        .remedy(context.say(
            "get one for this name, and see that the proxy shows it for this name (server_name in nginx)",
            "为该域名申请证书，并确认反向代理对该域名使用的是这张证书（nginx 的 server_name）",
        )),
        Cause::Expired => Finding::wrong(
            "certificate.expired",
            context.say("the certificate has expired", "证书已过期"),
        )
        .remedy(context.say(
            "renew it and reload the proxy (certbot renew, nginx -s reload), or see whether this machine's clock is right",
            "续期证书并重新加载反向代理（certbot renew、nginx -s reload）；若证书未过期，请检查本机时钟",
        )),
        Cause::NotYetValid => Finding::wrong(
            "certificate.not_yet_valid",
            context.say("the certificate is not valid yet", "证书尚未生效"),
        )
        .remedy(context.say("see whether this machine's clock is right", "请检查本机时钟")),
        other => refused_otherwise(context, other),
    }
}

fn refused_otherwise(context: &Context, cause: &Cause) -> Finding {
    let why = cause::words(context, cause);
    let found = context.say(
        format!("the certificate is refused: {why}"),
        format!("证书无法通过校验：{why}"),
    );
    Finding::wrong("certificate.refused", found)
        .remedy(context.say(cause.remedy(), "请检查证书以及该地址上的服务"))
}

/// A chain that leads to no root: each of three reasons has a remedy of its own.
fn untrusted(context: &Context, chain: &[CertificateDer<'_>]) -> Finding {
    match chain {
        [only] if is_own_authority(only) => Finding::wrong(
            "certificate.self_signed",
            context.say(
                "the certificate is self-signed: WeChat and phones refuse it",
                "证书是自签名的，微信与手机不会接受",
            ),
        )
        .remedy(context.say(
            "get one from a public authority, such as Let's Encrypt or your cloud's free certificates",
            "请申请公共 CA 签发的证书，例如 Let's Encrypt 或云服务商的免费证书",
        )),
        [_] => Finding::wrong(
            "certificate.incomplete",
            context.say(
                "the certificate comes without its chain: browsers may take it, WeChat and phones refuse it",
                "证书链不完整：浏览器可能正常，微信与手机不会接受",
            ),
        )
        .remedy(context.say(
            "show the file with the whole chain: fullchain.pem of certbot, the .crt or .pem \"for nginx\" of a cloud",
            "请使用包含中间证书的文件：certbot 的 fullchain.pem，或云服务商提供的 nginx 版证书文件",
        )),
        _ => Finding::wrong(
            "certificate.authority",
            context.say(
                "the certificate is signed by an authority that nobody knows",
                "证书的签发机构不受信任",
            ),
        )
        .remedy(context.say(
            "get one from a public authority (a staging or test certificate is none); an authority of your own goes into SSL_CERT_FILE of this command",
            "请申请公共 CA 签发的证书（测试环境签发的证书无效）；自建 CA 的根证书可通过环境变量 SSL_CERT_FILE 告知本命令",
        )),
    }
}

/// Days that are left.
fn left(context: &Context, end: Timestamp) -> Finding {
    let days = (end.as_second() - context.clock.now().as_second()).div_euclid(24 * 60 * 60);
    let day = end.strftime("%Y-%m-%d");
    let found = context.say(
        format!("the certificate is good for {days} more days, until {day}"),
        format!("证书剩余 {days} 天，有效期至 {day}"),
    );
    let remedy = context.say(
        "see why it was not renewed: systemctl list-timers (certbot), the log of bai (server.tls.acme), your cloud's console",
        "请检查为何没有自动续期：systemctl list-timers（certbot）、bai 的日志（server.tls.acme）或云服务商控制台",
    );
    match days {
        ..HARDLY_ANY => Finding::wrong("certificate.ends", found).remedy(remedy),
        HARDLY_ANY..FEW_DAYS => Finding::advice("certificate.ends", found).remedy(remedy),
        _ => Finding::ok("certificate.ends", found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Mark;

    #[test]
    fn few_days_are_advice_and_hardly_any_are_wrong() {
        let context = Context::of_tests();
        let now = context.clock.now().as_second();
        for (days, mark) in [
            (-1, Mark::Wrong),
            (2, Mark::Wrong),
            (3, Mark::Advice),
            (13, Mark::Advice),
            (14, Mark::Ok),
            (90, Mark::Ok),
        ] {
            // A minute more, as the clock goes on.
            let end = Timestamp::from_second(now + days * 24 * 60 * 60 + 60).unwrap();
            assert_eq!(left(&context, end).mark, mark, "{days}");
        }
    }
}
