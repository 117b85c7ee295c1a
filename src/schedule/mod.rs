//! Backups that the server makes by itself: when the newest one is old enough, one at a time, here and in a bucket, the last
//! few kept. `backup` makes them; this decides.

mod alarm;
mod bucket;
mod notes;
mod plan;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use self::alarm::News;
use self::bucket::Bucket;
use self::notes::{Notes, Upload};
use self::plan::Scheduled;
use crate::app::App;
use crate::backup::{self, Name};
use crate::config::OnFailure;

/// How often the clock is looked at, which may be moved by hand, and how often the folder.
const TICK: Duration = Duration::from_millis(200);
const LOOK: Duration = Duration::from_secs(10);
/// Trouble that lasts is told again after so long, and trouble that nobody took after the second.
const REMIND: Duration = Duration::from_hours(24);
const INSIST: Duration = Duration::from_mins(10);

/// The schedule of one server.
pub struct Schedule {
    app: Arc<App>,
    every: Duration,
    bucket: Option<Bucket>,
    notes: Notes,
}

/// Why there is no new backup.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Backup(#[from] backup::Error),
    #[error(transparent)]
    Bucket(#[from] bucket::Error),
}

/// When to look next, and after how many failures in a row.
struct Next {
    at: Timestamp,
    failures: u32,
}

impl Schedule {
    /// What the configuration asks for; `None`: no schedule.
    ///
    /// # Errors
    /// The settings name no bucket that there could be; the text is for the operator.
    pub fn new(app: &Arc<App>) -> Result<Option<Self>, String> {
        let settings = &app.config.backup;
        let Some(every) = settings.every else { return Ok(None) };
        let bucket = settings.s3.is_on().then(|| Bucket::new(&settings.s3, app.clock.clone())).transpose()?;
        let notes = Notes::open(backup::folder(app));
        Ok(Some(Self { app: Arc::clone(app), every, bucket, notes }))
    }

    /// Makes backups, and tells when that fails, for ever. When this is dropped, what has begun is left for the next start
    /// to clear away.
    pub async fn run(self) {
        tokio::join!(self.work(), self.watch());
    }

    async fn work(&self) {
        let mut next = Next { at: self.app.clock.now(), failures: 0 };
        loop {
            let now = self.app.clock.now();
            if next.is_over(now) {
                next = match self.step(now, next.failures > 0).await {
                    Ok(()) => next.after_success(now),
                    Err(Error::Backup(backup::Error::Busy)) => next,
                    Err(error) => self.fail(&error, &next),
                };
            }
            tokio::time::sleep(TICK).await;
        }
    }

    fn fail(&self, error: &Error, last: &Next) -> Next {
        let (failures, now) = (last.failures + 1, self.app.clock.now());
        let pause = plan::pause(failures, self.every);
        tracing::error!("the scheduled backup failed, and is tried again in {pause:?}: {error}");
        self.app.backups.failed(now, error.to_string());
        Next { at: now + pause, failures }
    }

    /// Looks whether there is something to do, and does it.
    async fn step(&self, now: Timestamp, has_failed: bool) -> Result<(), Error> {
        let here = self.look(now).await?;
        let is_due = plan::is_due(&here, self.every, now);
        if is_due {
            self.copy(now).await?;
        }
        if is_due || has_failed || !self.waiting(&here).is_empty() {
            self.keep_up(now).await?;
            self.app.backups.succeeded();
            self.notes.change(|noted| noted.told_until = None);
        }
        Ok(())
    }

    /// The scheduled backups that are here, oldest first.
    async fn look(&self, now: Timestamp) -> Result<Vec<Scheduled>, Error> {
        let all = backup::list(&self.app).await?;
        let mut here: Vec<_> =
            all.iter().filter_map(|backup| Scheduled::parse(backup.name.as_str(), backup.size)).collect();
        here.sort_by_key(|backup| backup.at);
        let waiting = self.waiting(&here);
        let good: Vec<_> = here.iter().filter(|backup| !waiting.contains(backup)).cloned().collect();
        let good = plan::newest(&good, now);
        self.app.backups.found(good.map(|backup| (backup.at, backup.size)));
        Ok(here)
    }

    /// Those that have to be in the bucket and are not, newest first.
    fn waiting(&self, here: &[Scheduled]) -> Vec<Scheduled> {
        if self.bucket.is_none() {
            return Vec::new();
        }
        let uploaded = self.notes.read().uploaded;
        let wanted = match self.app.config.backup.s3.keep {
            0 => here.len(),
            keep => keep,
        };
        here.iter().rev().take(wanted).filter(|backup| !uploaded.contains(&backup.name)).cloned().collect()
    }

    async fn copy(&self, now: Timestamp) -> Result<(), Error> {
        let made = backup::create(&self.app, Some(name(&plan::name_of(now))?)).await?;
        tracing::info!(name = %made.name, bytes = made.size, "a backup was made");
        Ok(())
    }

    /// Uploads what is not in the bucket and deletes what is too much, there and here. While something could not be
    /// uploaded, twice as many are kept here.
    async fn keep_up(&self, now: Timestamp) -> Result<(), Error> {
        let settings = &self.app.config.backup;
        let Some(bucket) = &self.bucket else { return self.prune(settings.keep, now).await };
        let uploaded = self.upload(bucket, now).await;
        self.prune(if uploaded.is_ok() { settings.keep } else { settings.keep * 2 }, now).await?;
        let there = uploaded?;
        let too_many =
            if settings.s3.keep == 0 { vec![] } else { plan::surplus(&there, settings.s3.keep, now) };
        for backup in too_many {
            bucket.delete(&backup.name).await?;
        }
        Ok(())
    }

    /// Uploads what waits; what is in the bucket then.
    async fn upload(&self, bucket: &Bucket, now: Timestamp) -> Result<Vec<Scheduled>, Error> {
        if let Some(left) = self.notes.read().unfinished {
            bucket.abort(&left.name, &left.id).await?;
        }
        let objects = bucket.list(plan::START).await?;
        let mut there: Vec<_> =
            objects.iter().filter_map(|(name, size)| Scheduled::parse(name, *size)).collect();
        let here = self.look(now).await?;
        let is_there =
            |name: &String| there.iter().any(|backup| backup.name == *name && here.contains(backup));
        self.notes.change(|noted| {
            noted.unfinished = None;
            noted.uploaded.retain(is_there);
        });
        for backup in self.waiting(&here) {
            self.upload_one(bucket, &backup).await?;
            self.look(now).await?;
            there.retain(|other| other.name != backup.name);
            there.push(backup);
        }
        Ok(there)
    }

    async fn upload_one(&self, bucket: &Bucket, backup: &Scheduled) -> Result<(), Error> {
        let file = backup::folder(&self.app).join(&backup.name);
        let begun = |id: &str| {
            let upload = Upload { name: backup.name.clone(), id: id.to_owned() };
            self.notes.change(|noted| noted.unfinished = Some(upload));
        };
        bucket.upload(&file, &backup.name, begun).await?;
        self.notes.change(|noted| {
            noted.unfinished = None;
            noted.uploaded.insert(backup.name.clone());
        });
        tracing::info!(name = %backup.name, "the backup was uploaded and read back");
        Ok(())
    }

    /// Deletes the scheduled backups that are here and older than the `keep` newest.
    async fn prune(&self, keep: usize, now: Timestamp) -> Result<(), Error> {
        for backup in plan::surplus(&self.look(now).await?, keep, now) {
            match backup::delete(&self.app, name(&backup.name)?).await {
                Err(backup::Error::NotFound) => {}
                deleted => deleted?,
            }
        }
        Ok(())
    }

    /// Tells whoever has to know that something is wrong; once, and again while it lasts.
    async fn watch(&self) {
        let whom = &self.app.config.backup.on_failure;
        let database = self.app.config.store.path.display().to_string();
        if *whom == OnFailure::Nobody {
            return;
        }
        loop {
            let now = self.app.clock.now();
            let news = News::of(&self.app.backups.status(now), &database);
            if let Some(news) = news.filter(|_| self.may_tell(now)) {
                self.tell(whom, news, now).await;
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// A time that is farther off than any that is set was set by a clock that was wrong.
    fn may_tell(&self, now: Timestamp) -> bool {
        self.notes.read().told_until.is_none_or(|until| until <= now || until > now + REMIND)
    }

    async fn tell(&self, whom: &OnFailure, news: News, now: Timestamp) {
        let for_now = Some(now + INSIST);
        self.notes.change(|noted| noted.told_until = for_now);
        match alarm::tell(whom, news).await {
            // A success meanwhile has forgotten it: what comes then is news again.
            Ok(()) => self.notes.change(|noted| {
                if noted.told_until == for_now {
                    noted.told_until = Some(now + REMIND);
                }
            }),
            Err(error) => tracing::error!("backup.on_failure failed: {error}"),
        }
    }
}

fn name(text: &str) -> Result<Name, backup::Error> {
    Name::new(text).map_err(|e| backup::Error::Io(io::Error::other(e)))
}

impl Next {
    fn after_success(&self, now: Timestamp) -> Self {
        if self.failures > 0 {
            tracing::info!("scheduled backups succeed again");
        }
        Self { at: now + LOOK, failures: 0 }
    }

    /// A time that is farther off than any pause was set by a clock that was wrong.
    fn is_over(&self, now: Timestamp) -> bool {
        self.at <= now || self.at > now + plan::LONGEST_PAUSE
    }
}
