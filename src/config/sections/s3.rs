//! `[backup.s3]`

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Secret, Url};
use crate::config::parse::{between, duration, key_prefix, optional_http_url};

/// `[backup.s3]`: S3, or what speaks its language.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3 {
    /// `scheme://host[:port]`.
    #[serde(deserialize_with = "optional_http_url")]
    pub endpoint: Url,
    /// The region that requests are signed for.
    pub region: String,
    /// The bucket; empty: nothing is uploaded.
    pub bucket: String,
    /// Prefix of our objects' names.
    #[serde(deserialize_with = "key_prefix")]
    pub prefix: String,
    /// Access key of the bucket.
    pub access_key: Secret,
    /// Secret of the access key.
    pub secret_key: Secret,
    /// Whether the bucket is named in the path rather than in the host.
    pub path_style: bool,
    /// Scheduled backups that are kept there; 0: nothing is deleted there.
    #[serde(deserialize_with = "between::<0, 10_000, _>")]
    pub keep: usize,
    /// A request is given up when nothing has moved for so long.
    #[serde(with = "duration")]
    pub timeout: Duration,
}

impl S3 {
    /// Whether backups are uploaded.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.bucket.is_empty()
    }
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: Url::default(),
            region: "us-east-1".into(),
            bucket: String::new(),
            prefix: String::new(),
            access_key: Secret::default(),
            secret_key: Secret::default(),
            path_style: false,
            keep: 30,
            timeout: Duration::from_mins(1),
        }
    }
}
