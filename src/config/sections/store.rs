//! `[store]`

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: "bai.redb".into(),
            cache_mib: 24,
            min_free_mib: 256,
        }
    }
}
