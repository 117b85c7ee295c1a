//! Sweep of rows that nobody needs any more: each server removes some of them now and then.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::Error;

use super::session::Session;
use super::statements as sql;
use crate::clock::Clock;

/// Pause between two sweeps.
const PAUSE: Duration = Duration::from_mins(1);
/// Rows of a kind that a sweep removes at most.
const MOST: i64 = 10_000;
/// Ages at which rows go: changes and ids of commits; servers; failures, which count for a day, and familiar sources, for a month.
const MINUTES: i64 = 5 * 60 * 1000;
const DAY: i64 = 24 * 60 * 60 * 1000;
const MONTH: i64 = 31 * DAY;

/// Sweep of old rows.
pub struct Sweep {
    clock: Clock,
    next: Instant,
}

impl Sweep {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            next: Instant::now() + PAUSE,
        }
    }

    /// Removes old rows, if it is time.
    pub async fn run(&mut self, session: &Session) -> Result<(), Error> {
        if Instant::now() < self.next {
            return Ok(());
        }
        self.next = Instant::now() + PAUSE;
        let now = self.clock.now_ms();
        for (statement, age) in [
            (sql::SWEEP_CHANGES, MINUTES),
            (sql::SWEEP_COMMITS, MINUTES),
            (sql::SWEEP_INSTANCES, DAY),
            (sql::SWEEP_FAILURES, MONTH),
        ] {
            session.execute(statement, &[&(now - age), &MOST]).await?;
        }
        Ok(())
    }
}
