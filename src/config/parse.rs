//! Values that need more than a type: read with a check, so that the TOML parser can point at the line.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use rustls::pki_types::DnsName;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use super::Url;
use crate::domain::Email;

/// A whole number from `MIN` to `MAX`.
pub fn between<'de, const MIN: usize, const MAX: usize, D: Deserializer<'de>>(
    input: D,
) -> Result<usize, D::Error> {
    let value = toml::Value::deserialize(input)?;
    let Some(number) = value.as_integer() else {
        return Err(D::Error::custom(format!(
            "invalid type: {value}, expected a number from {MIN} to {MAX}"
        )));
    };
    let fits = usize::try_from(number)
        .ok()
        .filter(|n| (MIN..=MAX).contains(n));
    fits.ok_or_else(|| {
        D::Error::custom(format!(
            "expected a number from {MIN} to {MAX}, found {number}"
        ))
    })
}

/// An IP address and a port.
pub fn socket_address<'de, D: Deserializer<'de>>(input: D) -> Result<SocketAddr, D::Error> {
    let expected = "expected a socket address: IP and port such as \"127.0.0.1:8090\"";
    String::deserialize(input)?
        .parse()
        .map_err(|_| D::Error::custom(expected))
}

/// Nothing, or an IP address and a port.
pub mod optional_socket_address {
    use std::net::SocketAddr;

    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    /// As it is read.
    #[expect(clippy::ref_option, reason = "serde's form")]
    pub fn serialize<S: Serializer>(
        address: &Option<SocketAddr>,
        output: S,
    ) -> Result<S::Ok, S::Error> {
        output.serialize_str(&address.map_or_else(String::new, |address| address.to_string()))
    }

    /// `""` is nothing.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Option<SocketAddr>, D::Error> {
        let expected = "expected \"\" or a socket address: IP and port such as \"127.0.0.1:9090\"";
        match String::deserialize(input)?.as_str() {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| D::Error::custom(expected)),
        }
    }
}

/// IP addresses and networks.
pub fn networks<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<IpNet>, D::Error> {
    let expected = "expected IP addresses and networks such as [\"127.0.0.1\", \"10.0.0.0/8\"]";
    let network = |text: &String| match text.parse::<IpAddr>() {
        Ok(ip) => Ok(ip.to_canonical().into()),
        Err(_) => text
            .parse()
            .map_err(|_| D::Error::custom(format!("{expected}, found {text:?}"))),
    };
    let texts = Vec::<String>::deserialize(input)?;
    texts.iter().map(network).collect()
}

/// `""`, or a path that begins with a slash and does not end in one.
pub fn base_path<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let path = String::deserialize(input)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    let ok = path.is_empty()
        || (path.starts_with('/')
            && !path.ends_with('/')
            && !path.contains("//")
            && path.chars().all(plain));
    if ok {
        Ok(path)
    } else {
        Err(D::Error::custom(
            "expected \"\" or a path such as \"/pb\", without a slash at its end",
        ))
    }
}

/// `*`, or origins without a path.
pub fn origins<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let origins = Vec::<String>::deserialize(input)?;
    let ok = |origin: &String| {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        origin == "*"
            || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ']))
    };
    match origins.iter().find(|origin| !ok(origin)) {
        None => Ok(origins),
        Some(bad) => Err(D::Error::custom(format!(
            "expected \"*\" or origins such as \"https://admin.example.com\" without a path, found {bad:?}"
        ))),
    }
}

/// An http(s) URL; a slash at its end is cut off.
pub fn http_url<'de, D: Deserializer<'de>>(input: D) -> Result<Url, D::Error> {
    let url = String::deserialize(input)?;
    match is_http_url(&url) {
        true => Ok(url.trim_end_matches('/').into()),
        false => Err(D::Error::custom(
            "expected a URL such as \"https://api.weixin.qq.com\"",
        )),
    }
}

/// An https URL.
pub fn https_url<'de, D: Deserializer<'de>>(input: D) -> Result<Url, D::Error> {
    let url = http_url(input)?;
    match url.expose().starts_with("https://") {
        true => Ok(url),
        false => Err(D::Error::custom("expected a URL that begins with https://")),
    }
}

/// Host names, in lower case. No certificate that is got over the port of HTTPS can have an IP address or a wildcard (RFC 8737).
pub fn dns_names<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let expected = "expected host names such as [\"bai.example.com\"], without wildcards";
    let names = Vec::<String>::deserialize(input)?;
    let ok = |name: &String| DnsName::try_from(name.as_str()).is_ok() && !name.ends_with('.');
    match names.iter().find(|name| !ok(name)) {
        None => Ok(names.iter().map(|name| name.to_ascii_lowercase()).collect()),
        Some(bad) => Err(D::Error::custom(format!("{expected}, found {bad:?}"))),
    }
}

/// Nothing, or an http(s) URL.
pub fn optional_http_url<'de, D: Deserializer<'de>>(input: D) -> Result<Url, D::Error> {
    let url = String::deserialize(input)?;
    let ok = url.is_empty() || is_http_url(&url);
    if ok {
        Ok(url.into())
    } else {
        Err(D::Error::custom(
            "expected \"\" or a URL such as \"http://10.0.0.1:3128\"",
        ))
    }
}

/// Nothing, or an e-mail address.
pub fn optional_email<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let text = String::deserialize(input)?;
    if text.is_empty() || Email::parse(&text).is_some() {
        Ok(text)
    } else {
        Err(D::Error::custom(
            "expected \"\" or an e-mail address such as \"ops@example.com\"",
        ))
    }
}

/// Nothing, or what the keys of objects begin with: a folder, in words that need no escape anywhere.
pub fn key_prefix<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let prefix = String::deserialize(input)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    match prefix.trim_end_matches('/') {
        "" if prefix.is_empty() => Ok(prefix),
        folder if folder.is_empty() || folder.starts_with('/') || !folder.chars().all(plain) => {
            Err(D::Error::custom(
                "expected \"\" or a folder such as \"bai/\", of letters, digits and /-_. only",
            ))
        }
        folder => Ok(format!("{folder}/")),
    }
}

/// Whether it is an http(s) URL of any kind.
pub fn is_web_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)
    })
}

fn is_http_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let odd = |c: char| c.is_whitespace() || c.is_control() || "?#\"'<>\\".contains(c);
        !rest.contains(odd) && has_host(rest)
    })
}

/// Whether a URL without its scheme begins with a host, and a port if there is a colon.
fn has_host(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host_and_port, None),
    };
    !host.is_empty() && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Levels as `tracing` reads them, which takes a word that it does not know for the name of a module and logs nothing.
pub fn log_level<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let level = String::deserialize(input)?;
    if is_log_level(&level) {
        return Ok(level);
    }
    Err(D::Error::custom(format!(
        "expected off, error, warn, info, debug or trace, or such a word and levels of modules as in \"info,bai=debug\", \
         found {level:?}"
    )))
}

fn is_log_level(text: &str) -> bool {
    let can_be_read = text.parse::<Targets>().is_ok();
    let mut parts = text.split(',').map(str::trim);
    can_be_read && parts.clone().all(is_level_part) && parts.any(is_about_bai)
}

/// Whether a part is a level, or a module with its level.
fn is_level_part(part: &str) -> bool {
    let is_level = !part.is_empty() && part.parse::<LevelFilter>().is_ok();
    is_level || part.contains('=')
}

/// Whether a part sets the level of this program's lines.
fn is_about_bai(part: &str) -> bool {
    let module = part.split_once('=').map(|(module, _)| module);
    module.is_none_or(|module| module == "bai" || module.starts_with("bai::"))
}

/// `"3s"`, `"5d"`, or a number of seconds.
pub mod duration {
    use std::fmt;
    use std::time::Duration;

    use serde::de::Visitor;
    use serde::{Deserializer, Serializer};

    /// As people write it.
    pub fn serialize<S: Serializer>(duration: &Duration, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(&humantime::format_duration(*duration))
    }

    /// More than zero.
    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
        struct Words;

        impl Visitor<'_> for Words {
            type Value = Duration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a duration such as \"500ms\", \"3s\" or \"5d\", or a number of seconds",
                )
            }

            fn visit_i64<E: serde::de::Error>(self, secs: i64) -> Result<Duration, E> {
                let secs = u64::try_from(secs).ok().filter(|secs| *secs > 0);
                secs.map(Duration::from_secs)
                    .ok_or_else(|| E::custom("expected a duration longer than zero"))
            }

            fn visit_u64<E: serde::de::Error>(self, secs: u64) -> Result<Duration, E> {
                self.visit_i64(i64::try_from(secs).unwrap_or(i64::MAX))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Duration, E> {
                if let Ok(secs) = text.parse::<i64>() {
                    return self.visit_i64(secs);
                }
                match humantime::parse_duration(text) {
                    Ok(duration) if !duration.is_zero() => Ok(duration),
                    Ok(_) => Err(E::custom("expected a duration longer than zero")),
                    Err(_) => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        input.deserialize_any(Words)
    }
}

/// A duration, or `""` for none.
pub mod optional_duration {
    use std::time::Duration;

    use serde::de::IntoDeserializer;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::duration;

    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "expected a duration such as \"1d\", or \"\" for none"
    )]
    enum Form {
        Secs(i64),
        Words(String),
    }

    /// As people write it.
    #[expect(clippy::ref_option, reason = "the form that serde calls")]
    pub fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        output: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => duration::serialize(duration, output),
            None => output.serialize_str(""),
        }
    }

    /// More than zero, if there is one.
    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Duration>, D::Error> {
        match Form::deserialize(input)? {
            Form::Words(words) if words.is_empty() => Ok(None),
            Form::Words(words) => duration::deserialize(words.into_deserializer()).map(Some),
            Form::Secs(secs) => duration::deserialize(secs.into_deserializer()).map(Some),
        }
    }
}
