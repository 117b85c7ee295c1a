//! Backups that the server makes by itself: when the newest one is old enough, one at a time, here and in a bucket, the last
//! few kept. `backup` makes them; this decides. It counts and deletes the database's own only.

mod folder;
mod notes;
mod objects;
mod plan;
mod rotation;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use self::folder::Folder;
use self::notes::Notes;
use self::objects::Objects;
use self::plan::Scheduled;
use super::alarm::{self, News};
use super::s3::{self, Bucket};
use crate::app::App;
use crate::backup::{self, Name};
use crate::config::{Config, OnFailure};
use crate::domain::DatabaseIdentity;
use crate::store;

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
    folder: Folder,
    objects: Option<Objects>,
    notes: Notes,
    /// The time to look at the bucket although nothing is to be uploaded.
    look_there_at: Mutex<Option<Timestamp>>,
}

/// Why there is no new backup.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Backup(#[from] backup::Error),
    #[error(transparent)]
    Bucket(#[from] s3::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Backup(error.into())
    }
}

/// When to look next, and after how many failures in a row.
struct Next {
    at: Timestamp,
    failures: u32,
}

/// The name of the newest backup that the server uploaded, as its notes say.
#[must_use]
pub fn newest_upload(config: &Config) -> Option<String> {
    let uploaded = || {
        Notes::open(config.backup.folder(&config.store.path))
            .read()
            .uploaded
    };
    config.backup.s3.is_on().then(uploaded)?.pop_last()
}

impl Schedule {
    /// What the configuration asks for; `None`: no schedule.
    ///
    /// # Errors
    /// The settings name no bucket that there could be; the text is for the operator.
    pub fn new(app: &Arc<App>) -> Result<Option<Self>, String> {
        let settings = &app.config.backup;
        let Some(every) = settings.every else {
            return Ok(None);
        };
        let bucket = settings
            .s3
            .is_on()
            .then(|| Bucket::new(&settings.s3, app.clock.clone()))
            .transpose()?;
        let notes = Notes::open(backup::folder(app));
        Ok(Some(Self {
            app: Arc::clone(app),
            every,
            folder: Folder::default(),
            objects: bucket.map(Objects::new),
            notes,
            look_there_at: Mutex::default(),
        }))
    }

    /// Makes backups, and tells when that fails, for ever. When this is dropped, what has begun is left for the next start
    /// to clear away.
    pub async fn run(self) {
        tokio::join!(self.work(), self.watch());
    }

    async fn work(&self) {
        let mut next = Next {
            at: self.app.clock.now(),
            failures: 0,
        };
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
        Next {
            at: now + pause,
            failures,
        }
    }

    /// Looks whether there is something to do, and does it.
    async fn step(&self, now: Timestamp, has_failed: bool) -> Result<(), Error> {
        if self.objects.is_some() {
            self.notes.claim(&self.identity().await?);
        }
        let here = self.look(now).await?;
        let is_due = plan::is_due(&here, self.every, now);
        if is_due {
            self.copy(now).await?;
        }
        if is_due || has_failed || self.is_to_look_there(now) || !self.waiting(&here).is_empty() {
            self.keep_up(now).await?;
            self.app.backups.succeeded();
            if self.app.backups.status(now).trouble().is_none() {
                self.notes.change(|noted| noted.told_until = None);
            }
        }
        Ok(())
    }

    fn is_to_look_there(&self, now: Timestamp) -> bool {
        let at = *self.look_there_at.lock();
        at.is_some_and(|at| at <= now)
    }

    fn look_there_again(&self, at: Option<Timestamp>) {
        *self.look_there_at.lock() = at;
    }

    /// The database as it is now: another one may have taken its place.
    async fn identity(&self) -> Result<DatabaseIdentity, store::Error> {
        let store = &self.app.store;
        match store.identity()? {
            Some(identity) => Ok(identity),
            None => Ok(store.ensure_identity(&self.app.random).await?.identity),
        }
    }

    /// One's own scheduled backups that are here, oldest first.
    async fn look(&self, now: Timestamp) -> Result<Vec<Scheduled>, Error> {
        let here = self.folder.own(&self.app, &self.identity().await?).await?;
        let waiting = self.waiting(&here);
        let good: Vec<_> = here
            .iter()
            .filter(|backup| !waiting.contains(backup))
            .cloned()
            .collect();
        let good = plan::newest(&good, now);
        self.app
            .backups
            .found(good.map(|backup| (backup.at, backup.size)));
        self.app.backups.found_shrunk_here(plan::shrunk(&here, now));
        Ok(here)
    }

    /// Those that have to be in the bucket and are not, newest first.
    fn waiting(&self, here: &[Scheduled]) -> Vec<Scheduled> {
        if self.objects.is_none() {
            return Vec::new();
        }
        let uploaded = self.notes.read().uploaded;
        let wanted = match self.app.config.backup.s3.keep {
            0 => here.len(),
            keep => keep,
        };
        here.iter()
            .rev()
            .take(wanted)
            .filter(|backup| !uploaded.contains(&backup.name))
            .cloned()
            .collect()
    }

    async fn copy(&self, now: Timestamp) -> Result<(), Error> {
        let folder = backup::folder(&self.app);
        let free = plan::free_name(now, |name| folder.join(name).exists());
        let made = backup::create(&self.app, Some(name(&free)?)).await?;
        tracing::info!(name = %made.name, bytes = made.size, "a backup was made");
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
            if let Some(news) = news.filter(|news| self.may_tell(news, now)) {
                self.tell(whom, news, now).await;
            }
            tokio::time::sleep(TICK).await;
        }
    }

    /// A time that is farther off than any that is set was set by a clock that was wrong.
    fn may_tell(&self, news: &News, now: Timestamp) -> bool {
        let noted = self.notes.read();
        noted.told.is_some_and(|told| told != news.event)
            || noted
                .told_until
                .is_none_or(|until| until <= now || until > now + REMIND)
    }

    async fn tell(&self, whom: &OnFailure, news: News, now: Timestamp) {
        let for_now = Some(now + INSIST);
        self.notes.change(|noted| {
            noted.told_until = for_now;
            noted.told = Some(news.event.to_owned());
        });
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
        Self {
            at: now + LOOK,
            failures: 0,
        }
    }

    /// A time that is farther off than any pause was set by a clock that was wrong.
    fn is_over(&self, now: Timestamp) -> bool {
        self.at <= now || self.at > now + plan::LONGEST_PAUSE
    }
}
