//! `[backup]`

use std::path::{Path, PathBuf, absolute};

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

    /// Whether that is the folder which `database` itself is in.
    #[must_use]
    pub fn is_beside(&self, database: &Path) -> bool {
        // By their parts, so that "x/." and "x/" are "x".
        let parts = |path: PathBuf| absolute(path).map(|path| path.components().collect::<PathBuf>()).ok();
        let own = absolute(database).ok().and_then(|path| path.parent().map(Path::to_owned));
        !self.dir.as_os_str().is_empty() && parts(self.dir.clone()) == own.and_then(parts)
    }
}
