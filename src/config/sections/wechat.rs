//! `[wechat]`

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Secret, Url};
use crate::config::parse::{between, duration, http_url, optional_http_url};

/// `[wechat]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wechat {
    /// The provider that answers for WeChat.
    pub provider: Provider,
    /// Let the sandbox answer on an address that others can reach.
    pub sandbox_public: bool,
    /// `AppID`.
    pub app_id: String,
    /// `AppSecret`.
    pub secret: Secret,
    /// `scheme://host[:port]` of the API.
    #[serde(deserialize_with = "http_url")]
    pub base_url: Url,
    /// Longest wait in one request, retries included.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// Calls at the same time.
    #[serde(deserialize_with = "between::<1, 500, _>")]
    pub max_concurrent: usize,
    /// Proxy URL, or empty.
    #[serde(deserialize_with = "optional_http_url")]
    pub proxy: Url,
    /// Send the openid along with a phone code.
    pub bind_phone_code: bool,
}

impl Wechat {
    /// The reason why these settings do not go together.
    #[must_use]
    pub fn conflict(&self) -> Option<&'static str> {
        let has_path = API_PATHS
            .iter()
            .any(|path| self.base_url.expose().contains(path));
        if has_path {
            return Some(
                "wechat.base_url is \"https://api.weixin.qq.com\" without the path of a call, which bai adds itself",
            );
        }
        let is_same = !self.app_id.is_empty() && self.app_id == self.secret.expose();
        is_same.then_some(
            "wechat.secret is the same as wechat.app_id: it is the AppSecret, which mp.weixin.qq.com shows once",
        )
    }

    /// Whether others than this machine can reach the sandbox.
    #[must_use]
    pub fn is_sandbox_public(&self) -> bool {
        self.provider == Provider::Sandbox && self.sandbox_public
    }
}

/// Beginnings of the paths of calls.
const API_PATHS: [&str; 3] = ["/sns", "/cgi-bin", "/wxa"];

/// `wechat.provider`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The built-in stand-in.
    Sandbox,
    /// The API at `wechat.base_url`.
    Wechat,
}

impl Default for Wechat {
    fn default() -> Self {
        Self {
            provider: Provider::Sandbox,
            sandbox_public: false,
            app_id: String::new(),
            secret: Secret::default(),
            base_url: "https://api.weixin.qq.com".into(),
            timeout: Duration::from_secs(5),
            max_concurrent: 64,
            proxy: Url::default(),
            bind_phone_code: true,
        }
    }
}
