//! Addresses of webhooks, in which anything may be a key: user, path and query are never printed.

use std::fmt;
use std::net::IpAddr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::{Host, Url};

use crate::domain::is_public;

/// The address of a webhook: https, or http to an address of this machine or its network that stands in it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

impl WebhookUrl {
    /// Reads an address; the text of an error says what is wrong, without the address.
    ///
    /// # Errors
    /// It is no URL of http or https with a host, or of http to somebody far.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let has_blanks = text.contains(|c: char| c.is_whitespace() || c.is_control());
        let url = Url::parse(text)
            .ok()
            .filter(|url| url.has_host() && !has_blanks);
        let url = url.ok_or("expected a URL such as \"https://example.com/hook\"")?;
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_near(&url) => Ok(Self(url)),
            "http" => Err(
                "messages would be readable on their way: use https; http goes to localhost and to loopback and private addresses only",
            ),
            _ => Err("expected a URL that begins with https://"),
        }
    }

    /// The whole address, for whoever calls it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port if there is one: all that is printed.
    #[must_use]
    pub fn origin(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        let port = self.0.port().map(|port| format!(":{port}"));
        format!("{}://{host}{}", self.0.scheme(), port.unwrap_or_default())
    }

    /// Whether the operator named an address, and not a name that others may lead anywhere.
    #[must_use]
    pub fn names_address(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => is_localhost(name),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
            None => false,
        }
    }
}

fn is_localhost(name: &str) -> bool {
    name.trim_end_matches('.').eq_ignore_ascii_case("localhost")
}

/// Whether it names this machine, or an address of its network.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(ip)) => !is_public(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => !is_public(IpAddr::V6(ip)),
        None => false,
    }
}

impl<'de> Deserialize<'de> for WebhookUrl {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(input)?).map_err(D::Error::custom)
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}

impl Serialize for WebhookUrl {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_goes_to_somebody_far() {
        for (text, shown, names_address) in [
            ("https://example.com", "https://example.com", false),
            (
                "https://li:x@example.com:8443/y?z",
                "https://example.com:8443",
                false,
            ),
            ("https://10.0.0.5/x", "https://10.0.0.5", true),
            ("http://127.0.0.1:9000/x", "http://127.0.0.1:9000", true),
            ("http://localhost:9000", "http://localhost:9000", true),
            ("http://LOCALHOST./", "http://localhost.", true),
            ("http://[::1]:9000/x", "http://[::1]:9000", true),
            ("http://192.168.1.7/x", "http://192.168.1.7", true),
        ] {
            let url = WebhookUrl::parse(text).unwrap();
            assert_eq!(
                (url.origin().as_str(), url.names_address()),
                (shown, names_address),
                "{text}"
            );
            assert_eq!(format!("{url}{url:?}"), format!("{shown}\"{shown}\""));
        }
        for text in [
            "",
            "x",
            "/hook",
            "ftp://example.com",
            "http://example.com/x",
            "http://1.1.1.1/x",
            "http://localhost.example.com",
            "https:// example.com",
            "https://example.com/a b",
            "https://",
            "file:///etc/passwd",
        ] {
            assert!(WebhookUrl::parse(text).is_err(), "{text}");
        }
    }
}
