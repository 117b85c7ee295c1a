//! Numbers of users by kind, status and time of creation, counted over the blocks of all of them.

use std::ops::AddAssign;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use tokio::sync::Mutex;

use super::block_pages::{BlockPages, Blocks};
use super::slots::ListSlot;
use crate::domain::NumberColumn;
use crate::error::Result;
use crate::store::Store;
use crate::store::user_block::UserRows;

/// Days that are told of.
pub const DAYS: i64 = 90;

/// Offsets of time zones are multiples of a quarter of an hour.
const QUARTER_MS: i64 = 15 * 60_000;
const QUARTERS_OF_DAY: i64 = 24 * 4;
/// One day more than is told of: the first may begin later elsewhere.
const QUARTERS: i64 = (DAYS + 1) * QUARTERS_OF_DAY;

/// Counts are used for a millisecond for each ten users, so that counting a million takes less than a hundredth of a core …
const USERS_TO_MILLISECOND: u64 = 10;
/// … and for so long at most.
const LONGEST_MS: i64 = 60_000;

/// Users who came in some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewUsers {
    /// With WeChat's identity.
    pub wechat: u64,
    /// With one of the platform.
    pub platform: u64,
}

impl AddAssign for NewUsers {
    fn add_assign(&mut self, other: Self) {
        self.wechat += other.wechat;
        self.platform += other.platform;
    }
}

/// Numbers of users at a time.
#[derive(Clone, Debug)]
pub struct UserCounts {
    /// The time.
    pub at: Timestamp,
    /// All users.
    pub all: NewUsers,
    /// Users who may log in.
    pub active: u64,
    /// By quarters of an hour, from `first` on.
    quarters: Vec<NewUsers>,
    first: i64,
}

/// The newest count, and until when it is used.
#[derive(Default)]
pub struct CountedUsers(Mutex<Option<Counted>>);

struct Counted {
    counts: Arc<UserCounts>,
    until_ms: i64,
    generation: usize,
}

impl CountedUsers {
    /// What was counted of this database, or what `count` gives. Whoever comes while users are counted waits for the same count.
    pub async fn get_or_count(
        &self,
        generation: usize,
        now_ms: i64,
        count: impl Future<Output = Result<UserCounts>>,
    ) -> Result<Arc<UserCounts>> {
        let mut newest = self.0.lock().await;
        let is_used = |it: &&Counted| it.generation == generation && now_ms < it.until_ms;
        if let Some(known) = newest.as_ref().filter(is_used) {
            return Ok(Arc::clone(&known.counts));
        }
        let counts = Arc::new(count.await?);
        *newest = Some(Counted {
            until_ms: now_ms + counts.used_for_ms(),
            counts: Arc::clone(&counts),
            generation,
        });
        Ok(counts)
    }
}

impl UserCounts {
    /// No users yet.
    #[must_use]
    pub fn none(at: Timestamp) -> Self {
        let quarters = usize::try_from(QUARTERS).unwrap_or_default();
        Self {
            at,
            all: NewUsers::default(),
            active: 0,
            quarters: vec![NewUsers::default(); quarters],
            first: at.as_millisecond().div_euclid(QUARTER_MS) - QUARTERS + 1,
        }
    }

    /// Counts all users of the store, for a thread that may block.
    pub fn with_all(mut self, store: &Store, slot: &ListSlot) -> Result<Self> {
        for page in BlockPages::new(store, &Blocks::All { last_first: false }) {
            for block in page? {
                let rows = block.rows()?;
                slot.steps(rows.len())?;
                (0..rows.len()).for_each(|row| self.add(&rows, row));
            }
        }
        Ok(self)
    }

    fn add(&mut self, rows: &UserRows<'_>, row: usize) {
        let number = |column| rows.numbers(column).get(row);
        let is_of_platform = number(NumberColumn::IsOfPlatform) == 1;
        let user = NewUsers {
            wechat: u64::from(!is_of_platform),
            platform: u64::from(is_of_platform),
        };
        self.all += user;
        self.active += u64::from(number(NumberColumn::IsActive) == 1);
        let quarter = number(NumberColumn::Created).div_euclid(QUARTER_MS) - self.first;
        let quarter = usize::try_from(quarter)
            .ok()
            .and_then(|at| self.quarters.get_mut(at));
        if let Some(quarter) = quarter {
            *quarter += user;
        }
    }

    /// Users of each of the last days, as a clock with that offset has them; today is the last.
    #[must_use]
    pub fn days(&self, offset: Offset) -> Vec<(Date, NewUsers)> {
        let today = offset.to_datetime(self.at).date();
        let days = (0..DAYS)
            .rev()
            .filter_map(|ago| today.checked_sub(jiff::Span::new().days(ago)).ok());
        days.map(|day| (day, self.of_day(day, offset))).collect()
    }

    fn of_day(&self, day: Date, offset: Offset) -> NewUsers {
        let begin = offset.to_timestamp(day.to_datetime(jiff::civil::Time::midnight()));
        let begin = begin.map_or(i64::MAX, |at| at.as_millisecond().div_euclid(QUARTER_MS));
        let begin = begin.saturating_sub(self.first);
        let quarters = (begin..begin.saturating_add(QUARTERS_OF_DAY))
            .filter_map(|at| usize::try_from(at).ok());
        let mut sum = NewUsers::default();
        quarters
            .filter_map(|at| self.quarters.get(at))
            .for_each(|users| sum += *users);
        sum
    }

    fn used_for_ms(&self) -> i64 {
        let users = self.all.wechat + self.all.platform;
        i64::try_from(users / USERS_TO_MILLISECOND).map_or(LONGEST_MS, |ms| ms.min(LONGEST_MS))
    }
}
