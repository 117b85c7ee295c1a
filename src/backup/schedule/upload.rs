//! Upload of scheduled backups to the bucket: one after the other, each read back.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::error::Error;
use super::folder::backup_name;
use super::objects::{Listed, Objects};
use super::plan::{self, Scheduled};
use super::state::{StateFile, UnfinishedUpload};
use super::status;
use crate::app::App;
use crate::backup::s3::Labels;
use crate::backup::{files, folder};

/// An upload of what waits for it.
pub struct Upload<'a> {
    pub app: &'a Arc<App>,
    pub state: &'a StateFile,
    pub objects: &'a Objects,
    /// The id of the database whose backups these are.
    pub database: String,
    pub now: Timestamp,
}

impl Upload<'_> {
    /// Uploads those of one's own backups in the folder that wait; one's own in the bucket then. A backup that gets another name
    /// gets it in `here`, too.
    pub async fn run(&self, here: &mut [Scheduled]) -> Result<Vec<Scheduled>, Error> {
        self.abort_unfinished().await?;
        let listed = self.list_bucket(here).await?;
        let mut taken = listed.names;
        let mut there = listed.own;
        self.state.change(|state| {
            state.unfinished = None;
            state.uploaded.retain(|name| is_there(name, &there, here));
        });
        for mut backup in self.state.waiting(here, &self.app.config.backup.s3) {
            if !there.iter().any(|other| other.name == backup.name) {
                self.give_free_name(&mut backup, here, &taken).await?;
            }
            self.upload_one(&backup).await?;
            status::record(self.app, self.state, here, self.now);
            taken.insert(backup.name.clone());
            there.retain(|other| other.name != backup.name);
            there.push(backup);
        }
        Ok(there)
    }

    async fn abort_unfinished(&self) -> Result<(), Error> {
        if let Some(upload) = self.state.read().unfinished {
            self.objects.bucket.abort(&upload.name, &upload.id).await?;
        }
        Ok(())
    }

    /// Lists the bucket: all if some are to be deleted there, else those that are in the folder.
    async fn list_bucket(&self, here: &[Scheduled]) -> Result<Listed, Error> {
        let deletes = self.app.config.backup.s3.keep > 0;
        let uploaded = self.state.read().uploaded;
        let listed = self
            .objects
            .list(&self.database, &uploaded, |name| {
                deletes || here.iter().any(|backup| backup.name == name)
            })
            .await?;
        Ok(listed)
    }

    /// Gives the backup a name that no object has, if its own is taken: what is another's is not overwritten.
    async fn give_free_name(
        &self,
        backup: &mut Scheduled,
        here: &mut [Scheduled],
        taken: &BTreeSet<String>,
    ) -> Result<(), Error> {
        if !taken.contains(&backup.name) {
            return Ok(());
        }
        let folder = folder::path(self.app);
        let free = plan::free_name(backup.at, |name| {
            taken.contains(name) || folder.join(name).exists()
        });
        files::rename(self.app, backup_name(&backup.name)?, backup_name(&free)?).await?;
        tracing::info!(from = %backup.name, to = %free, "a backup was renamed: the bucket has another's of that name");
        if let Some(renamed) = backup.renamed(&free) {
            for it in here.iter_mut().filter(|it| it.name == backup.name) {
                *it = renamed.clone();
            }
            *backup = renamed;
        }
        Ok(())
    }

    async fn upload_one(&self, backup: &Scheduled) -> Result<(), Error> {
        let file = folder::path(self.app).join(&backup.name);
        let labels = Labels {
            database: Some(self.database.clone()),
            users: backup.users,
        };
        self.objects
            .bucket
            .upload(&file, &backup.name, &labels, |id| self.begin(backup, id))
            .await?;
        self.objects.remember(&backup.name, labels);
        self.state.change(|state| {
            state.unfinished = None;
            state.uploaded.insert(backup.name.clone());
        });
        tracing::info!(name = %backup.name, "the backup was uploaded and read back");
        Ok(())
    }

    /// Saves that the upload with this id has begun.
    fn begin(&self, backup: &Scheduled, id: &str) {
        let upload = UnfinishedUpload {
            name: backup.name.clone(),
            id: id.to_owned(),
        };
        self.state.change(|state| state.unfinished = Some(upload));
    }
}

/// Whether the object of that name is the whole backup that is here, if it is here still.
fn is_there(name: &str, there: &[Scheduled], here: &[Scheduled]) -> bool {
    size_of(name, there).is_some_and(|there| size_of(name, here).is_none_or(|here| here == there))
}

fn size_of(name: &str, backups: &[Scheduled]) -> Option<u64> {
    let found = backups.iter().find(|backup| backup.name == name)?;
    Some(found.size)
}
