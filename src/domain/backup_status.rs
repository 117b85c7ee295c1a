//! Status of the scheduled backups: written by the schedule, read by whoever tells of it.

use std::time::Duration;

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

/// A backup may be later than its time by half of the period, and by six hours at most: the copy and its upload take time.
const GRACE: Duration = Duration::from_hours(6);
/// So many names are told of at most.
const TOLD: usize = 10;

/// Status of the scheduled backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupStatus {
    /// The period; `None`: there is no schedule, and nothing is ever overdue.
    pub every: Option<Duration>,
    /// Time of the newest scheduled backup that is where it should be: here, and in the bucket if there is one.
    pub last_success: Option<Timestamp>,
    /// Its bytes.
    pub last_size: Option<u64>,
    /// Time of the next attempt.
    pub next: Option<Timestamp>,
    /// The newest backup that was uploaded.
    pub newest_upload: Option<String>,
    /// Number of backups that wait to be uploaded.
    pub waiting: usize,
    /// Failure of the last attempt, if it failed.
    pub failure: Option<BackupFailure>,
    /// Attempts that failed since the server started.
    pub failures: u32,
    /// Whether a backup should have been made by now, and was not.
    pub overdue: bool,
    /// Older backups that hold far more than the newest, in the folder.
    pub shrunk_here: Option<Shrunk>,
    /// The same in the bucket.
    pub shrunk_there: Option<Shrunk>,
}

/// Backups that hold far more users than the newest one: they are not deleted, because the newest may lack users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The name of the newest backup.
    pub newest: String,
    /// Users in it.
    pub users: u64,
    /// The names of those that hold far more, and how many users.
    pub larger: Vec<(String, u64)>,
}

impl Shrunk {
    /// The problem, and what to do about it.
    fn describe(&self, place: &str) -> String {
        let larger = self
            .larger
            .iter()
            .take(TOLD)
            .map(|(name, users)| format!("{name} ({users} users)"));
        let larger = larger.collect::<Vec<_>>().join(", ");
        let more = match self.larger.len() {
            ..=TOLD => String::new(),
            all => format!(" and {} more", all - TOLD),
        };
        format!(
            "the newest backup {place}, {}, holds {} users, older ones hold far more: {larger}{more}. They are kept. If users are \
             missing, restore one of them (bai restore FILE); if not, delete them yourself",
            self.newest, self.users
        )
    }
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
    /// Trouble, if there is any.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.missing().or_else(|| self.shrunk().into_iter().next())
    }

    /// The reason why there is no new backup, if there should be one.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        match (&self.failure, self.overdue, self.last_success) {
            (Some(failure), ..) => Some(format!("the backup failed: {}", failure.reason)),
            (None, true, Some(at)) => Some(format!("a backup is overdue: the last one is of {at}")),
            (None, true, None) => Some("a backup is overdue: there is none yet".to_owned()),
            (None, false, _) => None,
        }
    }

    /// The problem with the newest backup compared with older ones: for the folder, and for the bucket.
    #[must_use]
    pub fn shrunk(&self) -> Vec<String> {
        let here = self
            .shrunk_here
            .as_ref()
            .map(|shrunk| shrunk.describe("here"));
        let there = self
            .shrunk_there
            .as_ref()
            .map(|shrunk| shrunk.describe("in the bucket"));
        here.into_iter().chain(there).collect()
    }

    /// A word for programs: what [`BackupStatus::trouble`] tells of.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self {
                failure: Some(_), ..
            } => "failed",
            Self { overdue: true, .. } => "overdue",
            _ => "shrunk",
        }
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
    next: Option<Timestamp>,
    newest_upload: Option<String>,
    waiting: usize,
    failure: Option<BackupFailure>,
    failures: u32,
    shrunk_here: Option<Shrunk>,
    shrunk_there: Option<Shrunk>,
}

impl Backups {
    /// Nothing known yet; the server started at `started`.
    #[must_use]
    pub fn new(every: Option<Duration>, started: Timestamp) -> Self {
        Self {
            every,
            started,
            known: Mutex::default(),
        }
    }

    /// The status at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> BackupStatus {
        let known = self.known();
        let last_success = known.last.map(|(at, _)| at);
        BackupStatus {
            every: self.every,
            last_success,
            last_size: known.last.map(|(_, size)| size),
            next: known.next,
            newest_upload: known.newest_upload.clone(),
            waiting: known.waiting,
            failure: known.failure.clone(),
            failures: known.failures,
            overdue: self
                .every
                .is_some_and(|every| self.is_overdue(last_success, every, now)),
            shrunk_here: known.shrunk_here.clone(),
            shrunk_there: known.shrunk_there.clone(),
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

    /// The next backup is to be made, or tried again, at this time.
    pub fn expect(&self, next: Timestamp) {
        self.known().next = Some(next);
    }

    /// The newest backup that was uploaded, and how many wait for that.
    pub fn found_uploads(&self, newest: Option<String>, waiting: usize) {
        let mut known = self.known();
        known.newest_upload = newest;
        known.waiting = waiting;
    }

    /// Whether backups in the folder hold far more than the newest there.
    pub fn found_shrunk_here(&self, shrunk: Option<Shrunk>) {
        self.known().shrunk_here = shrunk;
    }

    /// The same of the bucket.
    pub fn found_shrunk_there(&self, shrunk: Option<Shrunk>) {
        self.known().shrunk_there = shrunk;
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
        self.known.lock()
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
        assert!(
            !overdue(&daily, GRACE) && overdue(&daily, GRACE + HOUR),
            "the first is due at the start"
        );
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
        assert!(
            !backups.status(start() + HOUR).overdue && backups.status(start() + 7 * HOUR).overdue
        );
    }

    #[test]
    fn without_a_schedule_nothing_is_overdue() {
        assert_eq!(
            Backups::new(None, start())
                .status(start() + 1000 * DAY)
                .trouble(),
            None
        );
    }

    #[test]
    fn a_failure_is_trouble_until_a_success() {
        let backups = Backups::new(Some(DAY), start());
        backups.failed(start(), "the disk is full".into());
        assert_eq!(
            backups.status(start()).trouble().unwrap(),
            "the backup failed: the disk is full"
        );
        backups.succeeded();
        let status = backups.status(start());
        assert_eq!((status.trouble(), status.failures), (None, 1));
    }

    #[test]
    fn backups_that_hold_far_more_than_the_newest_are_told_of_by_name() {
        let backups = Backups::new(Some(DAY), start());
        let larger = (0..12).map(|n| (format!("old{n}"), 40 + n)).collect();
        backups.found_shrunk_there(Some(Shrunk {
            newest: "new".into(),
            users: 3,
            larger,
        }));
        let status = backups.status(start());
        let text = status.trouble().unwrap();
        let begin = "the newest backup in the bucket, new, holds 3 users, older ones hold far more: old0 (40 users), old1";
        assert!(
            text.starts_with(begin) && text.contains("old9 (49 users) and 2 more. "),
            "{text}"
        );
        assert_eq!(status.code(), "shrunk");
        backups.failed(start(), "full".into());
        let status = backups.status(start());
        assert_eq!((status.code(), status.shrunk()), ("failed", vec![text]));
    }
}
