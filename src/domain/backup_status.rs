//! How the scheduled backups are: written by the schedule, read by whoever tells of it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// A backup may be later than its time by half of the period, and by six hours at most: the copy and its upload take time.
const GRACE: Duration = Duration::from_hours(6);

/// What is known of the scheduled backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupStatus {
    /// The period; `None`: there is no schedule, and nothing is ever overdue.
    pub every: Option<Duration>,
    /// When the newest scheduled backup was made that is where it should be: here, and in the bucket if there is one.
    pub last_success: Option<Timestamp>,
    /// Its bytes.
    pub last_size: Option<u64>,
    /// Why the last attempt failed, if it did.
    pub failure: Option<BackupFailure>,
    /// Attempts that failed since the server started.
    pub failures: u32,
    /// Whether a backup should have been made by now, and was not.
    pub overdue: bool,
}

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFailure {
    /// When.
    pub at: Timestamp,
    /// Why, without a secret in it.
    pub reason: String,
}

impl BackupStatus {
    /// What is wrong, if anything is.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let overdue = || match self.last_success {
            Some(at) => format!("a backup is overdue: the last one is of {at}"),
            None => "a backup is overdue: there is none yet".to_owned(),
        };
        let failed = self.failure.as_ref().map(|failure| format!("the backup failed: {}", failure.reason));
        failed.or_else(|| self.overdue.then(overdue))
    }
}

/// The one place where the status is kept.
#[derive(Debug)]
pub struct Backups {
    every: Option<Duration>,
    started: Timestamp,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    last: Option<(Timestamp, u64)>,
    failure: Option<BackupFailure>,
    failures: u32,
}

impl Backups {
    /// Nothing known yet; the server started at `started`.
    #[must_use]
    pub fn new(every: Option<Duration>, started: Timestamp) -> Self {
        Self { every, started, known: Mutex::default() }
    }

    /// How the backups are at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> BackupStatus {
        let known = self.known();
        let last_success = known.last.map(|(at, _)| at);
        BackupStatus {
            every: self.every,
            last_success,
            last_size: known.last.map(|(_, size)| size),
            failure: known.failure.clone(),
            failures: known.failures,
            overdue: self.every.is_some_and(|every| self.is_overdue(last_success, every, now)),
        }
    }

    /// Since a server that was off cannot have made a backup, its time begins at its start.
    fn is_overdue(&self, last: Option<Timestamp>, every: Duration, now: Timestamp) -> bool {
        let due = last.map_or(self.started, |last| self.started.max(last + every));
        now > due + GRACE.min(every / 2)
    }

    /// The newest backup that is where it should be: of this time and size.
    pub fn found(&self, last: Option<(Timestamp, u64)>) {
        self.known().last = last;
    }

    /// The last attempt succeeded.
    pub fn succeeded(&self) {
        self.known().failure = None;
    }

    /// The last attempt failed.
    pub fn failed(&self, at: Timestamp, reason: String) {
        let mut known = self.known();
        known.failures += 1;
        known.failure = Some(BackupFailure { at, reason });
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);

    fn start() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    #[test]
    fn a_backup_is_overdue_when_its_time_and_the_grace_are_over() {
        let overdue = |backups: &Backups, after: Duration| backups.status(start() + after).overdue;
        let daily = Backups::new(Some(DAY), start());
        assert!(!overdue(&daily, GRACE) && overdue(&daily, GRACE + HOUR), "the first is due at the start");
        daily.found(Some((start(), 1)));
        assert!(!overdue(&daily, DAY + GRACE) && overdue(&daily, DAY + GRACE + HOUR));
        let hourly = Backups::new(Some(HOUR), start());
        hourly.found(Some((start(), 1)));
        assert!(!overdue(&hourly, HOUR + HOUR / 2) && overdue(&hourly, HOUR * 2));
    }

    #[test]
    fn a_server_that_was_off_has_time_for_its_backup() {
        let backups = Backups::new(Some(DAY), start());
        backups.found(Some((start() - 30 * DAY, 1)));
        assert!(!backups.status(start() + HOUR).overdue && backups.status(start() + 7 * HOUR).overdue);
    }

    #[test]
    fn without_a_schedule_nothing_is_overdue() {
        assert_eq!(Backups::new(None, start()).status(start() + 1000 * DAY).trouble(), None);
    }

    #[test]
    fn a_failure_is_trouble_until_a_success() {
        let backups = Backups::new(Some(DAY), start());
        backups.failed(start(), "the disk is full".into());
        assert_eq!(backups.status(start()).trouble().unwrap(), "the backup failed: the disk is full");
        backups.succeeded();
        let status = backups.status(start());
        assert_eq!((status.trouble(), status.failures), (None, 1));
    }
}
