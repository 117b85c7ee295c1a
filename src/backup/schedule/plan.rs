//! Rules of the schedule: the time for a backup, its name, those that are to be uploaded, and those that are too many.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::domain::Shrunk;

/// Prefix of the names of scheduled backups, and of no others.
pub const START: &str = "bai_auto_";
const END: &str = ".redb";
const TIME: &str = "%Y%m%d%H%M%S";
/// The pause after a first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
pub const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// A backup holds far more than another one when it has more than so many times its users, and at least so many more.
const FAR_MORE_TIMES: u64 = 2;
const FAR_MORE: u64 = 10;

/// A scheduled backup, here or in the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// Its name, which tells when it was made.
    pub name: String,
    /// Time at which it was made.
    pub at: Timestamp,
    /// Bytes.
    pub size: u64,
    /// Users in it, if that is known.
    pub users: Option<u64>,
}

impl Scheduled {
    /// `None`: the name is not one that the schedule gives.
    pub fn parse(name: &str, size: u64) -> Option<Self> {
        let digits = name.strip_prefix(START)?.strip_suffix(END)?;
        let at = Offset::UTC
            .to_timestamp(DateTime::strptime(TIME, digits).ok()?)
            .ok()?;
        (name_of(at) == name).then(|| Self {
            name: name.to_owned(),
            at,
            size,
            users: None,
        })
    }

    /// The same backup under another name; `None`: it is not one that the schedule gives.
    pub fn renamed(&self, name: &str) -> Option<Self> {
        Some(Self {
            users: self.users,
            ..Self::parse(name, self.size)?
        })
    }
}

/// The name of a scheduled backup that is made at `now`.
pub fn name_of(now: Timestamp) -> String {
    format!("{START}{}{END}", now.strftime(TIME))
}

/// The name of a scheduled backup that is made at `now`, or in the first second after it whose name is not taken.
pub fn free_name(now: Timestamp, is_taken: impl Fn(&str) -> bool) -> String {
    let seconds = (0..).map(Duration::from_secs);
    let mut names = seconds.map(|later| name_of(now + later));
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

/// The newest one. What is of the future does not count: the clock was wrong when it was made, or is now.
pub fn newest(backups: &[Scheduled], now: Timestamp) -> Option<&Scheduled> {
    backups
        .iter()
        .filter(|backup| backup.at <= now)
        .max_by_key(|backup| backup.at)
}

/// Tells whether it is time for another one.
pub fn is_due(backups: &[Scheduled], every: Duration, now: Timestamp) -> bool {
    newest(backups, now).is_none_or(|newest| newest.at + every <= now)
}

/// The time for another one: now, if it is over.
pub fn next(backups: &[Scheduled], every: Duration, now: Timestamp) -> Timestamp {
    newest(backups, now).map_or(now, |newest| (newest.at + every).max(now))
}

/// Those that have to be in the bucket and are not among the `uploaded`, newest first, given those that are here, oldest first: the
/// `keep` newest, or all if that is 0.
pub fn waiting(here: &[Scheduled], uploaded: &BTreeSet<String>, keep: usize) -> Vec<Scheduled> {
    let wanted = if keep == 0 { here.len() } else { keep };
    here.iter()
        .rev()
        .take(wanted)
        .filter(|backup| !uploaded.contains(&backup.name))
        .cloned()
        .collect()
}

/// Those that are to be deleted: older than the `keep` newest, unless they hold far more than the newest, which may be what is left
/// of a database that was lost. What is of the future is neither counted nor deleted: if the clock is wrong now, all the
/// good ones are.
pub fn surplus(backups: &[Scheduled], keep: usize, now: Timestamp) -> Vec<Scheduled> {
    let mut past: Vec<_> = backups
        .iter()
        .filter(|backup| backup.at <= now)
        .cloned()
        .collect();
    past.sort_by_key(|backup| std::cmp::Reverse(backup.at));
    let newest = past.first().and_then(|newest| newest.users);
    let mut surplus = past.split_off(keep.min(past.len()));
    surplus.retain(|backup| !is_far_more(backup.users, newest));
    surplus
}

/// The newest one, and those that hold far more, if there are any.
pub fn shrunk(backups: &[Scheduled], now: Timestamp) -> Option<Shrunk> {
    let newest = newest(backups, now)?;
    let larger: Vec<_> = backups
        .iter()
        .filter(|backup| backup.at <= now && is_far_more(backup.users, newest.users))
        .map(|backup| (backup.name.clone(), backup.users.unwrap_or(0)))
        .collect();
    (!larger.is_empty()).then(|| Shrunk {
        newest: newest.name.clone(),
        users: newest.users.unwrap_or(0),
        larger,
    })
}

/// An unknown number is not far more, nor far less.
fn is_far_more(users: Option<u64>, newest: Option<u64>) -> bool {
    users.zip(newest).is_some_and(|(users, newest)| {
        users > newest.saturating_mul(FAR_MORE_TIMES) && users >= newest.saturating_add(FAR_MORE)
    })
}

/// Pause after the `failures`-th failure in a row.
pub fn pause(failures: u32, every: Duration) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
    doubled.min(LONGEST_PAUSE).min(every)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn now() -> Timestamp {
        "2026-11-22T06:10:36Z".parse().unwrap()
    }

    fn of(hours: i64) -> Scheduled {
        Scheduled::parse(&name_of(now() + jiff::SignedDuration::from_hours(hours)), 1).unwrap()
    }

    #[test]
    fn a_name_tells_the_time_and_nothing_else_passes_for_one() {
        let name = name_of(now());
        assert_eq!(name, "bai_auto_20261122061036.redb");
        assert_eq!(
            Scheduled::parse(&name, 7),
            Some(Scheduled {
                name,
                at: now(),
                size: 7,
                users: None
            })
        );
        for name in [
            "",
            "bai_backup_20261122061036.redb",
            "bai_auto_20261122061036.zip",
            "bai_auto_20261122061036_2.redb",
            "bai_auto_20261322061036.redb",
            "bai_auto_2026112206103.redb",
            "bai_auto_+0261122061036.redb",
            "bai_auto_.redb",
            "x/bai_auto_20261122061036.redb",
            "my_bai_auto_20261122061036.redb",
        ] {
            assert_eq!(Scheduled::parse(name, 7), None, "{name}");
        }
    }

    #[test]
    fn the_age_of_the_newest_decides() {
        assert!(is_due(&[], HOUR, now()));
        assert!(is_due(&[of(-1)], HOUR, now()) && !is_due(&[of(-1), of(-2)], 2 * HOUR, now()));
        assert!(is_due(&[of(1)], HOUR, now()), "the clock was set back");
        assert!(
            !is_due(&[of(1), of(0)], HOUR, now()),
            "and one was made since"
        );
    }

    #[test]
    fn the_newest_are_kept_and_those_of_the_future_left_alone() {
        let backups = [of(-2), of(1), of(-1), of(-4), of(-3), of(2)];
        assert_eq!(surplus(&backups, 2, now()), [of(-3), of(-4)]);
        assert_eq!(surplus(&backups, 4, now()), []);
        assert_eq!(surplus(&backups, 9, now()), []);
    }

    fn holding(hours: i64, users: u64) -> Scheduled {
        Scheduled {
            users: Some(users),
            ..of(hours)
        }
    }

    #[test]
    fn what_holds_far_more_than_the_newest_is_not_deleted() {
        let kept = |users, newest| {
            surplus(&[holding(-1, newest), holding(-2, users)], 1, now()).is_empty()
        };
        assert!(kept(10, 0) && !kept(9, 0), "ten more at least");
        assert!(kept(41, 20) && !kept(40, 20), "more than twice as many");
        assert!(kept(19, 9) && !kept(18, 9) && !kept(20, 30));
        assert!(kept(u64::MAX, 1 << 20) && !kept(u64::MAX, u64::MAX / 2 + 1));
        assert_eq!(
            surplus(&[of(-1), holding(-2, 99)], 1, now()),
            [holding(-2, 99)],
            "nothing is known"
        );
        assert_eq!(surplus(&[holding(-1, 0), of(-2)], 1, now()), [of(-2)]);
        let backups = [
            holding(-4, 50),
            holding(-3, 3),
            holding(-2, 30),
            holding(-1, 4),
            holding(1, 99),
        ];
        assert_eq!(
            surplus(&backups, 1, now()),
            [holding(-3, 3)],
            "the others may be"
        );
        let expected = Shrunk {
            newest: of(-1).name,
            users: 4,
            larger: vec![(of(-4).name, 50), (of(-2).name, 30)],
        };
        assert_eq!(shrunk(&backups, now()), Some(expected));
        assert_eq!(
            shrunk(&[holding(-2, 8), holding(-1, 4), holding(1, 0)], now()),
            None
        );
        assert_eq!(shrunk(&[], now()), None);
    }

    #[test]
    fn a_name_that_is_taken_is_left_to_others() {
        let names = [0, 1, 2].map(|secs| name_of(now() + Duration::from_secs(secs)));
        assert_eq!(free_name(now(), |_| false), names[0]);
        assert_eq!(
            free_name(now(), |name| names[..2].contains(&name.to_owned())),
            names[2]
        );
    }

    #[test]
    fn pauses_grow_to_an_hour_and_never_over_the_period() {
        let mins = |failures, every| pause(failures, every).as_secs() / 60;
        assert_eq!(
            [1, 2, 3, 7, 99].map(|failures| mins(failures, 24 * HOUR)),
            [1, 2, 4, 60, 60]
        );
        assert_eq!(mins(9, HOUR / 12), 5);
    }
}
