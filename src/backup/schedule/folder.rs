//! The scheduled backups in the folder that are the database's own. Several servers may share a folder.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::plan::Scheduled;
use crate::app::App;
use crate::backup::{self, Backup};
use crate::domain::DatabaseIdentity;
use crate::store::{self, BackupInfo, Store};

/// Known files, so that each is opened once.
#[derive(Default)]
pub struct Folder {
    seen: Mutex<HashMap<String, Seen>>,
}

#[derive(Clone)]
struct Seen {
    size: u64,
    modified: Timestamp,
    /// Nothing: it is no database that can be read, and nobody's.
    info: Option<BackupInfo>,
}

impl Folder {
    /// The scheduled backups of the database with this identity, oldest first.
    pub async fn own(
        &self,
        app: &Arc<App>,
        identity: &DatabaseIdentity,
    ) -> Result<Vec<Scheduled>, backup::Error> {
        let all = backup::list(app).await?;
        self.lock()
            .retain(|name, _| all.iter().any(|backup| backup.name.as_str() == name));
        let mut own = Vec::new();
        for backup in all {
            let Some(scheduled) = Scheduled::parse(backup.name.as_str(), backup.size) else {
                continue;
            };
            let info = self.info(backup::folder(app), backup).await?;
            if let Some(info) = info.filter(|info| identity.owns(info.database)) {
                own.push(Scheduled {
                    users: Some(info.users),
                    ..scheduled
                });
            }
        }
        own.sort_by_key(|backup| backup.at);
        Ok(own)
    }

    async fn info(
        &self,
        folder: PathBuf,
        backup: Backup,
    ) -> Result<Option<BackupInfo>, backup::Error> {
        let name = backup.name.as_str().to_owned();
        let is_same = |seen: &Seen| (seen.size, seen.modified) == (backup.size, backup.modified);
        if let Some(seen) = self.lock().get(&name).filter(|seen| is_same(seen)) {
            return Ok(seen.info);
        }
        let path = folder.join(&name);
        let looked = tokio::task::spawn_blocking(move || Store::peek(&path)).await;
        let info = match looked.map_err(|e| backup::Error::Io(e.into()))? {
            Ok(info) => Some(info),
            Err(error) => {
                tracing::warn!(%name, %error, "a scheduled backup cannot be read and is left alone");
                if !is_final(&error) {
                    return Ok(None);
                }
                None
            }
        };
        self.lock().insert(
            name,
            Seen {
                size: backup.size,
                modified: backup.modified,
                info,
            },
        );
        Ok(info)
    }

    fn lock(&self) -> parking_lot::MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock()
    }
}

/// Whether another look at the same file would end the same.
fn is_final(error: &store::Error) -> bool {
    matches!(
        error,
        store::Error::Foreign { .. } | store::Error::DamagedFile { .. }
    )
}
