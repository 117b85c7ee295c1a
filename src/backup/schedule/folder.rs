//! The scheduled backups in the folder that are the database's own. Several servers may share a folder.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use super::plan::Scheduled;
use crate::app::App;
use crate::backup::error::Error;
use crate::backup::files::{self, Backup};
use crate::backup::folder;
use crate::backup::name::Name;
use crate::domain::DatabaseIdentity;
use crate::store;
use crate::store::file::{BackupInfo, read_backup_info};

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
    ) -> Result<Vec<Scheduled>, Error> {
        let all = files::list(app).await?;
        self.lock()
            .retain(|name, _| all.iter().any(|backup| backup.name.as_str() == name));
        let mut own = Vec::new();
        for backup in all {
            let Some(scheduled) = Scheduled::parse(backup.name.as_str(), backup.size) else {
                continue;
            };
            let info = self.info(folder::path(app), backup).await?;
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

    async fn info(&self, folder: PathBuf, backup: Backup) -> Result<Option<BackupInfo>, Error> {
        let name = backup.name.as_str().to_owned();
        if let Some(seen) = self.lock().get(&name).filter(|seen| seen.is_of(&backup)) {
            return Ok(seen.info);
        }
        let path = folder.join(&name);
        let looked = tokio::task::spawn_blocking(move || read_backup_info(&path)).await;
        let info = match looked.map_err(|e| Error::Io(e.into()))? {
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

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock()
    }
}

impl Seen {
    fn is_of(&self, backup: &Backup) -> bool {
        self.size == backup.size && self.modified == backup.modified
    }
}

/// The text as the name of a backup.
pub fn backup_name(text: &str) -> Result<Name, Error> {
    Name::new(text).map_err(|e| Error::Io(io::Error::other(e)))
}

/// Whether another look at the same file would end the same.
fn is_final(error: &store::Error) -> bool {
    matches!(
        error,
        store::Error::Foreign { .. } | store::Error::DamagedFile { .. }
    )
}
