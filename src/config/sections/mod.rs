//! The keys, their types and defaults, a file per section. `config.toml` documents them for people; a test keeps the two equal.

mod avatars;
mod backup;
mod console;
mod events;
mod limits;
mod log;
mod metrics;
mod password;
mod platform;
mod s3;
mod secret;
mod server;
mod store;
mod tls;
mod token;
mod url;
mod webhook;
mod webhook_url;
mod wechat;

use serde::{Deserialize, Serialize};

use super::sources::Sources;

pub use self::avatars::Avatars;
pub use self::backup::{Backup, OnFailure};
pub use self::console::Console;
pub use self::events::Events;
pub use self::limits::Limits;
pub use self::log::{Log, LogFormat};
pub use self::metrics::Metrics;
pub use self::password::Password;
pub use self::platform::{Platform, Registration};
pub use self::s3::S3;
pub use self::secret::Secret;
pub use self::server::{PublicUrl, Server};
pub use self::store::Store;
pub use self::tls::Tls;
pub use self::token::Token;
pub use self::url::{Url, masked};
pub use self::webhook::{Webhook, WebhookSecret};
pub use self::webhook_url::WebhookUrl;
pub use self::wechat::{Provider, Wechat};

/// The whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Programs that are told what happens to users.
    #[serde(deserialize_with = "webhook::webhooks")]
    pub webhooks: Vec<Webhook>,
    /// HTTP.
    pub server: Server,
    /// The database.
    pub store: Store,
    /// Backups.
    pub backup: Backup,
    /// Tokens.
    pub token: Token,
    /// Password hashing.
    pub password: Password,
    /// The WeChat API.
    pub wechat: Wechat,
    /// Users of the platform.
    pub platform: Platform,
    /// Abuse control.
    pub limits: Limits,
    /// Pictures of users.
    pub avatars: Avatars,
    /// Readers of the metrics.
    pub metrics: Metrics,
    /// The console, and where superusers come from.
    pub console: Console,
    /// The audit log.
    pub events: Events,
    /// Log lines.
    pub log: Log,
    /// Sources of the settings.
    #[serde(skip)]
    pub sources: Sources,
}
