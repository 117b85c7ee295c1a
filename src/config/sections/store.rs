//! `[store]`

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::Url;
use crate::config::parse::between;

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// The database file.
    pub path: PathBuf,
    /// Page cache in MiB.
    #[serde(deserialize_with = "between::<1, 1_048_576, _>")]
    pub cache_mib: usize,
    /// Free space of the file system below which the server says that it is not ready, in MiB.
    #[serde(deserialize_with = "between::<0, 1_073_741_824, _>")]
    pub min_free_mib: usize,
    /// A PostgreSQL database in place of the file, with one host or several; empty: the file.
    #[serde(deserialize_with = "postgres_url")]
    pub url: Url,
    /// Whether the database has to have a synchronous standby.
    pub require_sync: bool,
    /// Connections to the database for lookups; there are three more, for lists and for commits.
    #[serde(deserialize_with = "between::<1, 256, _>")]
    pub connections: usize,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: "bai.redb".into(),
            cache_mib: 24,
            min_free_mib: 256,
            url: Url::default(),
            require_sync: true,
            connections: 8,
        }
    }
}

impl Store {
    /// Whether the database is on PostgreSQL, so that no file is of any use.
    #[must_use]
    pub fn is_on_postgres(&self) -> bool {
        !self.url.is_empty()
    }
}

/// Nothing, or the URL of a PostgreSQL database. More of it is read by whoever opens that. The password has one place, where it is
/// masked.
fn postgres_url<'de, D: Deserializer<'de>>(input: D) -> Result<Url, D::Error> {
    let url = String::deserialize(input)?;
    let schemes = ["postgres://", "postgresql://"];
    let is_postgres = schemes.iter().any(|scheme| url.starts_with(scheme));
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let has_password = query.split('&').any(|part| part.starts_with("password="));
    match (url.is_empty() || is_postgres, has_password) {
        (true, false) => Ok(url.into()),
        (true, true) => Err(D::Error::custom(
            "the password is no parameter: write it as postgres://user:password@host/database",
        )),
        (false, _) => Err(D::Error::custom(
            "expected \"\" or a URL such as \"postgres://bai@10.0.0.1,10.0.0.2/bai\"",
        )),
    }
}
