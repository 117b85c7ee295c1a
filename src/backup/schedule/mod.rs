//! Backups that the server makes by itself: when the newest one is old enough, one at a time, here and in a bucket, the last
//! few kept. It counts and deletes the database's own only.

mod alarms;
mod error;
mod folder;
mod objects;
mod plan;
mod rotation;
mod state;
mod status;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use self::error::Error;
use self::rotation::Rotation;
use self::state::StateFile;
use super::error::Error as BackupError;
use crate::app::App;
use crate::config::Config;

/// Pause between two looks at the clock, which may be moved by hand.
const TICK: Duration = Duration::from_millis(200);
/// Pause between two looks at the folder.
const INSPECT_EVERY: Duration = Duration::from_secs(10);

/// The schedule of one server.
pub struct Schedule {
    app: Arc<App>,
    every: Duration,
    rotation: Rotation,
}

/// Time of the next step, and how many steps before it failed in a row.
struct Next {
    at: Timestamp,
    failures: u32,
}

/// The name of the newest backup that the server uploaded, as its saved state says.
#[must_use]
pub fn newest_upload(config: &Config) -> Option<String> {
    if !config.backup.s3.is_on() {
        return None;
    }
    let file = StateFile::open(config.backup.folder(&config.store.path));
    file.read().uploaded.pop_last()
}

impl Schedule {
    /// The schedule of the configuration; `None`: there is none, or no file that could be copied.
    ///
    /// # Errors
    /// The settings name no bucket that there could be; the text is for the operator.
    pub fn new(app: &Arc<App>) -> Result<Option<Self>, String> {
        let every = app.config.backup.every;
        let Some(every) = every.filter(|_| app.store.file().is_some()) else {
            return Ok(None);
        };
        Ok(Some(Self {
            app: Arc::clone(app),
            every,
            rotation: Rotation::new(app)?,
        }))
    }

    /// Makes backups, and sends alarms when that fails, for ever. When this is dropped, what has begun is left for the next start
    /// to clear away.
    pub async fn run(self) {
        tokio::join!(
            self.make_backups(),
            alarms::watch(&self.app, self.rotation.state())
        );
    }

    async fn make_backups(&self) {
        let mut next = Next {
            at: self.app.clock.now(),
            failures: 0,
        };
        loop {
            let now = self.app.clock.now();
            if next.is_over(now) {
                next = match self.step(now, next.failures > 0).await {
                    Ok(()) => next.after_success(now),
                    Err(Error::Backup(BackupError::Busy)) => next,
                    Err(error) => self.fail(&error, &next),
                };
            }
            tokio::time::sleep(TICK).await;
        }
    }

    fn fail(&self, error: &Error, last: &Next) -> Next {
        let failures = last.failures + 1;
        let now = self.app.clock.now();
        let pause = plan::pause(failures, self.every);
        tracing::error!("the scheduled backup failed, and is tried again in {pause:?}: {error}");
        self.app.backups.failed(now, error.to_string());
        self.app.backups.expect(now + pause);
        Next {
            at: now + pause,
            failures,
        }
    }

    /// Makes a backup if one is due; uploads and deletes if that, or something that was left undone, asks for it.
    async fn step(&self, now: Timestamp, has_failed: bool) -> Result<(), Error> {
        let rotation = &self.rotation;
        rotation.claim_state().await?;
        let mut here = rotation.inspect().await?;
        rotation.record_status(&here, now);
        let is_due = plan::is_due(&here, self.every, now);
        if is_due {
            rotation.make_backup(now).await?;
            here = rotation.inspect().await?;
            rotation.record_status(&here, now);
        }
        if is_due || has_failed || rotation.is_needed(&here, now) {
            rotation.run(here.clone(), now).await?;
            self.succeed(now);
        }
        self.app.backups.expect(plan::next(&here, self.every, now));
        if self.app.backups.status(now).trouble().is_none() {
            alarms::note_recovery(rotation.state());
        }
        Ok(())
    }

    fn succeed(&self, now: Timestamp) {
        self.app.backups.succeeded();
        if self.app.backups.status(now).trouble().is_none() {
            self.rotation
                .state()
                .change(|state| state.next_alarm = None);
        }
    }
}

impl Next {
    fn after_success(&self, now: Timestamp) -> Self {
        if self.failures > 0 {
            tracing::info!("scheduled backups succeed again");
        }
        Self {
            at: now + INSPECT_EVERY,
            failures: 0,
        }
    }

    /// A time that is farther off than any pause was set by a clock that was wrong.
    fn is_over(&self, now: Timestamp) -> bool {
        self.at <= now || self.at > now + plan::LONGEST_PAUSE
    }
}
