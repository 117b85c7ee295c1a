//! Backups on their way to the bucket, and those that are deleted there and here: one's own, and never the last good ones.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::notes::Upload;
use super::objects::Objects;
use super::plan::{self, Scheduled};
use super::{Error, Schedule, name};
use crate::backup;
use crate::backup::s3::Labels;

impl Schedule {
    /// Uploads what is not in the bucket and deletes what is too much, there and here. While something could not be
    /// uploaded, twice as many are kept here.
    pub(super) async fn keep_up(&self, now: Timestamp) -> Result<(), Error> {
        let settings = &self.app.config.backup;
        let Some(objects) = &self.objects else {
            return self.prune(settings.keep, now).await;
        };
        let uploaded = self.upload(objects, now).await;
        self.prune(
            if uploaded.is_ok() {
                settings.keep
            } else {
                settings.keep * 2
            },
            now,
        )
        .await?;
        let there = uploaded?;
        if settings.s3.keep == 0 {
            return Ok(());
        }
        let shrunk = plan::shrunk(&there, now);
        self.look_there_again(shrunk.is_some().then_some(now + super::INSIST));
        self.app.backups.found_shrunk_there(shrunk);
        for backup in plan::surplus(&there, settings.s3.keep, now) {
            objects.bucket.delete(&backup.name).await?;
        }
        Ok(())
    }

    /// Uploads what waits; what is one's own in the bucket then.
    async fn upload(&self, objects: &Objects, now: Timestamp) -> Result<Vec<Scheduled>, Error> {
        if let Some(left) = self.notes.read().unfinished {
            objects.bucket.abort(&left.name, &left.id).await?;
        }
        let here = self.look(now).await?;
        let is_here = |name: &str| here.iter().any(|backup| backup.name == name);
        let deletes = self.app.config.backup.s3.keep > 0;
        let id = self.identity().await?.id.to_string();
        let uploaded = self.notes.read().uploaded;
        let listed = objects
            .list(&id, &uploaded, |name| deletes || is_here(name))
            .await?;
        let (mut taken, mut there) = (listed.names, listed.own);
        self.notes.change(|noted| {
            noted.unfinished = None;
            noted.uploaded.retain(|name| is_there(name, &there, &here));
        });
        for backup in self.waiting(&here) {
            let is_own = there.iter().any(|other| other.name == backup.name);
            let backup = if is_own {
                backup
            } else {
                self.with_a_free_name(backup, &taken).await?
            };
            self.upload_one(objects, &backup, &id).await?;
            self.look(now).await?;
            taken.insert(backup.name.clone());
            there.retain(|other| other.name != backup.name);
            there.push(backup);
        }
        Ok(there)
    }

    /// The backup with a name that no object has: what is another's is not overwritten.
    async fn with_a_free_name(
        &self,
        backup: Scheduled,
        taken: &BTreeSet<String>,
    ) -> Result<Scheduled, Error> {
        if !taken.contains(&backup.name) {
            return Ok(backup);
        }
        let folder = backup::folder(&self.app);
        let is_taken = |name: &str| taken.contains(name) || folder.join(name).exists();
        let free = plan::free_name(backup.at, is_taken);
        backup::rename(&self.app, name(&backup.name)?, name(&free)?).await?;
        tracing::info!(from = %backup.name, to = %free, "a backup was renamed: the bucket has another's of that name");
        let renamed = Scheduled::parse(&free, backup.size);
        Ok(renamed.map_or(backup.clone(), |renamed| Scheduled {
            users: backup.users,
            ..renamed
        }))
    }

    async fn upload_one(
        &self,
        objects: &Objects,
        backup: &Scheduled,
        id: &str,
    ) -> Result<(), Error> {
        let file = backup::folder(&self.app).join(&backup.name);
        let begun = |id: &str| {
            let upload = Upload {
                name: backup.name.clone(),
                id: id.to_owned(),
            };
            self.notes.change(|noted| noted.unfinished = Some(upload));
        };
        let labels = Labels {
            database: Some(id.to_owned()),
            users: backup.users,
        };
        objects
            .bucket
            .upload(&file, &backup.name, &labels, begun)
            .await?;
        objects.remember(&backup.name, labels);
        self.notes.change(|noted| {
            noted.unfinished = None;
            noted.uploaded.insert(backup.name.clone());
        });
        tracing::info!(name = %backup.name, "the backup was uploaded and read back");
        Ok(())
    }

    /// Deletes one's own scheduled backups that are here and older than the `keep` newest.
    async fn prune(&self, keep: usize, now: Timestamp) -> Result<(), Error> {
        for backup in plan::surplus(&self.look(now).await?, keep, now) {
            match backup::delete(&self.app, name(&backup.name)?).await {
                Err(backup::Error::NotFound) => {}
                deleted => deleted?,
            }
        }
        Ok(())
    }
}

/// Whether the object of that name is the whole backup that is here, if it is here still.
fn is_there(name: &str, there: &[Scheduled], here: &[Scheduled]) -> bool {
    let size = |backups: &[Scheduled]| backups.iter().find(|it| it.name == name).map(|it| it.size);
    size(there).is_some_and(|there| size(here).is_none_or(|here| here == there))
}
