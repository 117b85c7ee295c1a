//! Rotation of the scheduled backups: uploaded to the bucket, and deleted there and here when they are too many. It deletes
//! one's own, and never the last good ones.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::error::Error;
use super::folder::{Folder, backup_name};
use super::objects::Objects;
use super::plan::{self, Scheduled};
use super::state::StateFile;
use super::status;
use super::upload::Upload;
use crate::app::App;
use crate::backup::error::Error as BackupError;
use crate::backup::s3::Bucket;
use crate::backup::{copies, files, folder};
use crate::domain::DatabaseIdentity;
use crate::store;

/// Pause between two looks at a bucket in which older backups hold far more than the newest: somebody may delete them.
const CHECK_BUCKET_EVERY: Duration = Duration::from_mins(10);

/// The scheduled backups of one server, here and in the bucket.
pub struct Rotation {
    app: Arc<App>,
    folder: Folder,
    objects: Option<Objects>,
    state: StateFile,
    /// The time to look at the bucket although nothing is to be uploaded.
    check_bucket_at: Mutex<Option<Timestamp>>,
}

impl Rotation {
    /// The rotation that the configuration asks for.
    ///
    /// # Errors
    /// The settings name no bucket that there could be; the text is for the operator.
    pub fn new(app: &Arc<App>) -> Result<Self, String> {
        let settings = &app.config.backup.s3;
        let bucket = settings
            .is_on()
            .then(|| Bucket::new(settings, app.clock.clone()))
            .transpose()?;
        Ok(Self {
            app: Arc::clone(app),
            folder: Folder::default(),
            objects: bucket.map(Objects::new),
            state: StateFile::open(folder::path(app)),
            check_bucket_at: Mutex::default(),
        })
    }

    /// The state that outlives the process.
    pub fn state(&self) -> &StateFile {
        &self.state
    }

    /// Makes the state that of the database as it is now.
    pub async fn claim_state(&self) -> Result<(), Error> {
        if self.objects.is_some() {
            self.state.claim(&self.identity().await?);
        }
        Ok(())
    }

    /// Finds one's own scheduled backups in the folder, oldest first. Nothing is changed by it.
    pub async fn inspect(&self) -> Result<Vec<Scheduled>, Error> {
        let identity = self.identity().await?;
        Ok(self.folder.own(&self.app, &identity).await?)
    }

    /// Records the status that follows from what was found in the folder.
    pub fn record_status(&self, here: &[Scheduled], now: Timestamp) {
        status::record(&self.app, &self.state, here, now);
    }

    /// Tells whether there is something to upload, or to look at in the bucket.
    pub fn is_needed(&self, here: &[Scheduled], now: Timestamp) -> bool {
        let settings = &self.app.config.backup.s3;
        self.check_bucket_at.lock().is_some_and(|at| at <= now)
            || !self.state.waiting(here, settings).is_empty()
    }

    /// Makes a backup in the folder.
    pub async fn make_backup(&self, now: Timestamp) -> Result<(), Error> {
        let folder = folder::path(&self.app);
        let free = plan::free_name(now, |name| folder.join(name).exists());
        let made = copies::create(&self.app, Some(backup_name(&free)?)).await?;
        tracing::info!(name = %made.name, bytes = made.size, "a backup was made");
        Ok(())
    }

    /// Uploads what is not in the bucket and deletes what is too much, there and here. While something could not be
    /// uploaded, twice as many are kept here.
    pub async fn run(&self, mut here: Vec<Scheduled>, now: Timestamp) -> Result<(), Error> {
        let keep = self.app.config.backup.keep;
        let Some(objects) = &self.objects else {
            return self.prune(&here, keep, now).await;
        };
        let uploaded = self.upload(objects, &mut here, now).await;
        // An upload takes long: what is deleted is decided by what is there after it.
        let here = self.inspect().await?;
        self.record_status(&here, now);
        let keep = if uploaded.is_ok() { keep } else { keep * 2 };
        self.prune(&here, keep, now).await?;
        self.prune_bucket(objects, &uploaded?, now).await
    }

    async fn upload(
        &self,
        objects: &Objects,
        here: &mut [Scheduled],
        now: Timestamp,
    ) -> Result<Vec<Scheduled>, Error> {
        let upload = Upload {
            app: &self.app,
            state: &self.state,
            objects,
            database: self.identity().await?.id.to_string(),
            now,
        };
        upload.run(here).await
    }

    /// Deletes one's own scheduled backups that are here and older than the `keep` newest.
    async fn prune(&self, here: &[Scheduled], keep: usize, now: Timestamp) -> Result<(), Error> {
        for backup in plan::surplus(here, keep, now) {
            match files::delete(&self.app, backup_name(&backup.name)?).await {
                Err(BackupError::NotFound) => {}
                deleted => deleted?,
            }
        }
        Ok(())
    }

    /// Deletes one's own backups in the bucket that are too many, if any are to be deleted.
    async fn prune_bucket(
        &self,
        objects: &Objects,
        there: &[Scheduled],
        now: Timestamp,
    ) -> Result<(), Error> {
        let keep = self.app.config.backup.s3.keep;
        if keep == 0 {
            return Ok(());
        }
        let shrunk = plan::shrunk(there, now);
        *self.check_bucket_at.lock() = shrunk.is_some().then_some(now + CHECK_BUCKET_EVERY);
        self.app.backups.found_shrunk_there(shrunk);
        for backup in plan::surplus(there, keep, now) {
            objects.bucket.delete(&backup.name).await?;
        }
        Ok(())
    }

    /// The database as it is now: another one may have taken its place.
    async fn identity(&self) -> Result<DatabaseIdentity, store::Error> {
        let file = self.app.store.file().ok_or(store::Error::NotAFile)?;
        match file.identity()? {
            Some(identity) => Ok(identity),
            None => Ok(file.ensure_identity(&self.app.random).await?.identity),
        }
    }
}
