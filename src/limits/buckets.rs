//! At most so many events in any ten seconds or minutes, or in any day.

use std::time::Duration;

use super::table::Entry;
use super::time::left;

/// The bucket that has begun and the ten before it: so no ten, whenever they begin, are seen in part only.
const SPAN: usize = 11;

/// Counts of a key's events, by minute.
pub type Minutes = Buckets<60_000>;
/// Counts of a key's events, by second.
pub type Seconds = Buckets<1_000>;

/// Counts of a key's events, by tenth of a day.
pub type DayTenths = Buckets<8_640_000>;

/// Counts of a key's events, of each of the last buckets, which are so many milliseconds long.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Buckets<const MS: i64> {
    /// The bucket of the newest event.
    newest: u32,
    /// In that bucket, in the one before, and so on.
    counts: [u16; SPAN],
}

impl<const MS: i64> Buckets<MS> {
    /// The time until one more event makes no more than `limit`, of which 0 is none.
    pub fn wait(self, now: i64, limit: usize) -> Option<Duration> {
        let recent = self.at(now);
        let mut count = recent.count();
        if limit == 0 || count < limit {
            return None;
        }
        for age in (0..SPAN).rev() {
            count -= usize::from(recent.counts[age]);
            if count < limit {
                return left((i64::from(recent.newest) + number(SPAN - age)) * MS, now);
            }
        }
        None
    }

    /// With an event at `now`.
    pub fn with(self, now: i64) -> Self {
        let mut recent = self.at(now);
        recent.counts[0] = recent.counts[0].saturating_add(1);
        recent
    }

    /// Without an event at `at`.
    pub fn without(mut self, at: i64) -> Self {
        let age = self
            .newest
            .checked_sub(Self::bucket(at))
            .and_then(|age| usize::try_from(age).ok());
        if let Some(count) = age.and_then(|age| self.counts.get_mut(age)) {
            *count = count.saturating_sub(1);
        }
        if self.count() == 0 {
            Self::default()
        } else {
            self
        }
    }

    /// The part of it that still counts at `now`.
    fn at(self, now: i64) -> Self {
        let newest = Self::bucket(now).max(self.newest);
        let passed = usize::try_from(newest - self.newest)
            .unwrap_or(SPAN)
            .min(SPAN);
        let mut counts = [0; SPAN];
        counts[passed..].copy_from_slice(&self.counts[..SPAN - passed]);
        Self { newest, counts }
    }

    fn bucket(at: i64) -> u32 {
        u32::try_from(at / MS).unwrap_or_default()
    }

    fn count(&self) -> usize {
        self.counts.iter().map(|count| usize::from(*count)).sum()
    }
}

/// A key with many events is kept for some buckets before those with few, so that a flood of fresh ones does not push it out.
impl<const MS: i64> Entry for Buckets<MS> {
    fn worth(&self) -> i64 {
        i64::from(self.newest) + number(self.count().min(SPAN))
    }
}

fn number(of: usize) -> i64 {
    i64::try_from(of).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ten_minutes_see_more_than_the_limit() {
        let mut seen = Minutes::default();
        let mut admitted = Vec::new();
        for second in 0..4 * 3600 {
            let now = 59_000 + second * 1000;
            if seen.wait(now, 7).is_none() {
                seen = seen.with(now);
                admitted.push(second);
            }
        }
        assert!(
            admitted.windows(8).all(|eight| eight[7] - eight[0] >= 600),
            "{admitted:?}"
        );
        assert!(admitted.len() >= 7 * 4 * 60 / 11, "{admitted:?}");
    }

    #[test]
    fn whoever_waits_as_told_is_admitted() {
        let mut seen = Minutes::default();
        for second in [0, 30, 90, 300, 301, 302] {
            seen = seen.with(second * 1000);
        }
        for (limit, secs) in [
            (7, None),
            (6, Some(660 - 310)),
            (5, Some(660 - 310)),
            (4, Some(720 - 310)),
            (1, Some(960 - 310)),
        ] {
            let wait = seen.wait(310_000, limit);
            assert_eq!(wait.map(|wait| wait.as_secs()), secs, "{limit}");
            let then = 310_000 + i64::try_from(wait.unwrap_or_default().as_millis()).unwrap();
            assert_eq!(seen.wait(then, limit), None);
            assert!(secs.is_none() || seen.wait(then - 1, limit).is_some());
        }
        assert_eq!(seen.wait(310_000, 0), None, "no limit");
    }

    #[test]
    fn what_is_taken_back_leaves_nothing() {
        let seen = Minutes::default().with(70_000).with(200_000);
        assert!(seen.without(70_000).without(200_000) == Minutes::default());
        assert!(seen.without(0).without(400_000).without(10_000_000) == seen);
        let many = (0..100_000).fold(Minutes::default(), |seen, _| seen.with(5));
        assert!(many.wait(5, 60_000).is_some(), "it stays full");
    }
}
