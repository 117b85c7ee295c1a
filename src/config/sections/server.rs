//! `[server]`

use std::net::SocketAddr;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Tls, Url};
use crate::config::parse::{base_path, between, duration, networks, origins, socket_address};

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port to listen on.
    #[serde(deserialize_with = "socket_address")]
    pub listen: SocketAddr,
    /// "" or a path prefix such as "/pb".
    #[serde(deserialize_with = "base_path")]
    pub base_path: String,
    /// Connections at the same time.
    #[serde(deserialize_with = "between::<1, 1_000_000, _>")]
    pub max_connections: usize,
    /// Memory for bodies and for answers that are not taken yet, in MiB.
    #[serde(deserialize_with = "between::<1, 1_048_576, _>")]
    pub body_memory_mib: usize,
    /// Longest time for the headers of a request.
    #[serde(with = "duration")]
    pub header_timeout: Duration,
    /// Longest time without a request on a connection that has had one.
    #[serde(with = "duration")]
    pub idle_timeout: Duration,
    /// Longest time for the body of a request.
    #[serde(with = "duration")]
    pub body_timeout: Duration,
    /// Longest time for answering a request, until the client has taken the answer.
    #[serde(with = "duration")]
    pub answer_timeout: Duration,
    /// `servers` of the OpenAPI document.
    pub public_urls: Vec<PublicUrl>,
    /// Origins allowed by CORS; `*` means all.
    #[serde(deserialize_with = "origins")]
    pub cors_origins: Vec<String>,
    /// Peers whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// TLS without a proxy.
    pub tls: Tls,
}

/// An entry of `server.public_urls`: a URL, or a table with `url` and `description`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "PublicUrlForm")]
pub struct PublicUrl {
    /// Base URL of the API as clients see it.
    pub url: Url,
    /// Name of the server at this URL, in the OpenAPI document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a URL, or a table { url = \"…\", description = \"…\" }"
)]
enum PublicUrlForm {
    Url(Url),
    Described(Described),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    url: Url,
    description: Option<String>,
}

impl From<PublicUrlForm> for PublicUrl {
    fn from(form: PublicUrlForm) -> Self {
        match form {
            PublicUrlForm::Url(url) => Self {
                url,
                description: None,
            },
            PublicUrlForm::Described(Described { url, description }) => Self { url, description },
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        let public = |url: &str, text: &str| PublicUrl {
            url: url.into(),
            description: Some(text.into()),
        };
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            base_path: String::new(),
            max_connections: 4096,
            body_memory_mib: 64,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(15),
            answer_timeout: Duration::from_mins(1),
            public_urls: vec![
                public("https://bai-api.blv-oa.com/pb", "生产环境"),
                public("http://localhost:8090", "PocketBase 本地环境"),
            ],
            cors_origins: vec!["*".into()],
            trusted_proxies: vec![],
            tls: Tls::default(),
        }
    }
}
