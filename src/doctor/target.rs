//! The public URL.

use url::{Host, Url};

use crate::config::{Config, Source};

/// A public URL in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whether it begins with `https://`.
    pub is_https: bool,
    /// Host name or address.
    pub host: Host<String>,
    /// Port, written or not.
    pub port: u16,
    /// Path in front of `/api/…`, without a slash at its end.
    pub path: String,
}

/// The text is no URL of a server.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no URL such as https://api.example.com or https://api.example.com/pb")]
pub struct NoUrl(String);

impl Target {
    /// The URL in the text; a name alone is one of https.
    ///
    /// # Errors
    /// [`NoUrl`], without what may be a password.
    pub fn parse(text: &str) -> Result<Self, NoUrl> {
        let no_url = || NoUrl(text.rsplit('@').next().unwrap_or_default().to_owned());
        let is_name_alone = !text.contains("://") && text.contains('.') && !text.starts_with('/');
        let whole = match is_name_alone {
            true => format!("https://{text}"),
            false => text.to_owned(),
        };
        let url = Url::parse(&whole).map_err(|_| no_url())?;
        let is_bare = url.username().is_empty() && url.password().is_none();
        let is_web = ["http", "https"].contains(&url.scheme());
        let host = url.host().filter(|_| is_bare && is_web);
        Ok(Self {
            is_https: url.scheme() == "https",
            host: host.ok_or_else(no_url)?.to_owned(),
            port: url.port_or_known_default().ok_or_else(no_url)?,
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The URL that the configuration tells: an entry of `server.public_urls` that somebody wrote, or the name for which a
    /// certificate is got.
    #[must_use]
    pub fn of(config: &Config) -> Option<Self> {
        let server = &config.server;
        let is_written = config.sources.of("server.public_urls") != Source::Default;
        let mut written = server.public_urls.iter().filter(|_| is_written);
        let named = written.find_map(|public| {
            let target = Self::parse(public.url.expose()).ok();
            target.filter(|it| !it.is_of_this_machine())
        });
        let certified = server.tls.acme.first();
        named.or_else(|| {
            let url = format!("https://{}{}", certified?, server.base_path);
            Self::parse(&url).ok()
        })
    }

    /// The path of a request.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.path)
    }

    /// Host as it is written in a request: with the port, unless it is the usual one.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.has_usual_port() {
            true => self.host.to_string(),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Whether the port is the one that nobody writes.
    #[must_use]
    pub fn has_usual_port(&self) -> bool {
        self.port == if self.is_https { 443 } else { 80 }
    }

    /// Whether it leads to whichever machine reads it.
    pub(super) fn is_of_this_machine(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        let variables = [("BAI_SERVER__PUBLIC_URLS".to_owned(), text.to_owned())];
        let config = Config::load(None, variables.into_iter().filter(|it| !it.1.is_empty()));
        Target::of(&config.unwrap()).map(|it| it.to_string())
    }

    #[test]
    fn the_public_url_is_one_that_somebody_wrote_and_not_the_sample_s() {
        assert_eq!(of(""), None);
        assert_eq!(of("[]"), None);
        let written = r#"["http://localhost:8090", "not a url", "https://a.example.com/pb/"]"#;
        assert_eq!(of(written).as_deref(), Some("https://a.example.com/pb"));
        let acme = [(
            "BAI_SERVER__TLS__ACME".to_owned(),
            "[\"a.example.com\"]".to_owned(),
        )];
        let config = Config::load(None, acme.into_iter()).unwrap();
        let target = Target::of(&config).unwrap();
        assert_eq!(target.to_string(), "https://a.example.com");
    }

    #[test]
    fn a_text_that_is_no_url_of_a_server_is_refused() {
        for text in [
            "",
            "example",
            "ftp://a.example.com",
            "https://",
            "https://li:x@a.example.com",
            "/pb",
        ] {
            let error = Target::parse(text).unwrap_err().to_string();
            assert!(!error.contains("li:x"), "{error}");
        }
        let target = Target::parse("a.example.com/pb").unwrap();
        assert_eq!(target.to_string(), "https://a.example.com/pb");
        let target = Target::parse("https://[::1]:8443/pb/").unwrap();
        assert_eq!(target.authority(), "[::1]:8443");
        assert_eq!(target.at("/api/health"), "/pb/api/health");
    }
}
