//! The keys, their types and defaults. `config.toml` documents them for people; a test keeps the two equal.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize, Serializer};

use super::parse::{
    base_path, between, duration, http_url, log_level, networks, optional_http_url, origins, socket_address,
};

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// HTTP.
    pub server: Server,
    /// The database.
    pub store: Store,
    /// Tokens.
    pub token: Token,
    /// Password hashing.
    pub password: Password,
    /// The WeChat API.
    pub wechat: Wechat,
    /// Abuse control.
    pub limits: Limits,
    /// Log lines.
    pub log: Log,
}

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
    /// Longest time for the headers of a request.
    #[serde(with = "duration")]
    pub header_timeout: Duration,
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
}

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// The database file.
    pub path: PathBuf,
    /// Page cache in MiB.
    #[serde(deserialize_with = "between::<1, 1_048_576, _>")]
    pub cache_mib: usize,
}

/// `[token]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Token {
    /// How long a user's token is valid.
    #[serde(with = "duration")]
    pub lifetime: Duration,
    /// How long a superuser's token is valid.
    #[serde(with = "duration")]
    pub superuser_lifetime: Duration,
    /// Whether tokens that PocketBase issued to users who came from there are still valid.
    pub accept_pocketbase: bool,
}

/// `[password]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Password {
    /// scrypt's `log2(N)`.
    #[serde(deserialize_with = "between::<1, 24, _>")]
    pub log_n: usize,
    /// scrypt's block size.
    #[serde(deserialize_with = "between::<1, 64, _>")]
    pub r: usize,
    /// scrypt's parallelisation.
    #[serde(deserialize_with = "between::<1, 64, _>")]
    pub p: usize,
    /// Hashes at once; 0 = cores.
    #[serde(deserialize_with = "between::<0, 1024, _>")]
    pub threads: usize,
    /// Requests that may wait for a hash.
    #[serde(deserialize_with = "between::<1, 100_000, _>")]
    pub queue: usize,
}

/// `[wechat]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wechat {
    /// Who answers for WeChat.
    pub provider: Provider,
    /// `AppID`.
    pub app_id: String,
    /// `AppSecret`.
    pub secret: Secret,
    /// `scheme://host[:port]` of the API.
    #[serde(deserialize_with = "http_url")]
    pub base_url: String,
    /// Longest wait in one request, retries included.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// Calls at the same time.
    #[serde(deserialize_with = "between::<1, 500, _>")]
    pub max_concurrent: usize,
    /// Proxy URL, or empty.
    #[serde(deserialize_with = "optional_http_url")]
    pub proxy: String,
    /// Send the openid along with a phone code.
    pub bind_phone_code: bool,
}

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Off for load tests.
    pub enabled: bool,
    /// How long an identical request counts as a repetition.
    #[serde(with = "duration")]
    pub duplicate_window: Duration,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// For people or for programs.
    pub format: LogFormat,
    /// `tracing` targets and levels.
    #[serde(deserialize_with = "log_level")]
    pub level: String,
}

/// `wechat.provider`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The built-in stand-in.
    Sandbox,
    /// The API at `wechat.base_url`.
    Wechat,
}

/// `log.format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line each.
    Text,
    /// One JSON object each.
    Json,
}

/// An entry of `server.public_urls`: a URL, or a table with `url` and `description`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "PublicUrlForm")]
pub struct PublicUrl {
    /// Base URL of the API as clients see it.
    pub url: String,
    /// What this server is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a URL, or a table { url = \"…\", description = \"…\" }")]
enum PublicUrlForm {
    Url(String),
    Described(Described),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    url: String,
    description: Option<String>,
}

impl From<PublicUrlForm> for PublicUrl {
    fn from(form: PublicUrlForm) -> Self {
        match form {
            PublicUrlForm::Url(url) => Self { url, description: None },
            PublicUrlForm::Described(Described { url, description }) => Self { url, description },
        }
    }
}

/// Text that is never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Stars, or nothing when it is empty.
impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "" } else { "***" })
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        output.collect_str(self)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl Default for Server {
    fn default() -> Self {
        let public = |url: &str, text: &str| PublicUrl { url: url.into(), description: Some(text.into()) };
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8090)),
            base_path: String::new(),
            max_connections: 4096,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(15),
            answer_timeout: Duration::from_mins(1),
            public_urls: vec![
                public("https://bai-api.blv-oa.com/pb", "生产环境"),
                public("http://localhost:8090", "PocketBase 本地环境"),
            ],
            cors_origins: vec!["*".into()],
            trusted_proxies: vec![],
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { path: "bai.redb".into(), cache_mib: 24 }
    }
}

impl Default for Token {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_hours(5 * 24),
            superuser_lifetime: Duration::from_hours(24),
            accept_pocketbase: true,
        }
    }
}

impl Default for Password {
    fn default() -> Self {
        Self { log_n: 14, r: 8, p: 5, threads: 0, queue: 64 }
    }
}

impl Default for Wechat {
    fn default() -> Self {
        Self {
            provider: Provider::Sandbox,
            app_id: String::new(),
            secret: Secret::default(),
            base_url: "https://api.weixin.qq.com".into(),
            timeout: Duration::from_secs(5),
            max_concurrent: 64,
            proxy: String::new(),
            bind_phone_code: true,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { enabled: true, duplicate_window: Duration::from_secs(3) }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}
