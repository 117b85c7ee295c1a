//! `[backup]`

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// `[backup]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// The folder of the backups; empty: `backups` beside the database.
    pub dir: PathBuf,
}

impl Backup {
    /// The folder of the backups of the database at `database`.
    #[must_use]
    pub fn folder(&self, database: &Path) -> PathBuf {
        match self.dir.as_os_str().is_empty() {
            true => database.with_file_name("backups"),
            false => self.dir.clone(),
        }
    }
}
