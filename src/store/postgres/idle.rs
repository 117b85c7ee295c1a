//! Whether no server works on a database: each of those that run shows itself every second.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::errors::failed;
use super::move_statements as sql;
use super::rows::column;
use super::session::Session;
use crate::clock::Clock;
use crate::store::Error;

/// Time for which a server that was just seen is waited for: in a failover it shows itself later.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time for which one that was seen long ago is: its clock may be another one than ours.
const LEAST: Duration = Duration::from_secs(2);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// The servers, and when each was seen, in Unix milliseconds of its own clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen(HashMap<String, i64>);

impl Seen {
    /// The servers as they were seen by now.
    ///
    /// # Errors
    /// [`Error::Failed`], [`Error::Damaged`].
    pub async fn read(session: &Session) -> Result<Self, Error> {
        let rows = session.query(sql::INSTANCES, &[]).await;
        let rows = rows.map_err(|e| failed(&e))?;
        let servers = rows
            .iter()
            .map(|row| Ok((column(row, 0)?, column(row, 1)?)));
        servers.collect::<Result<_, Error>>().map(Self)
    }

    /// Time to wait for one of them.
    fn patience(&self, clock: &Clock) -> Duration {
        let Some(newest) = self.0.values().max() else {
            return Duration::ZERO;
        };
        let ago = u64::try_from(clock.now_ms() - newest).unwrap_or(0);
        PATIENCE
            .saturating_sub(Duration::from_millis(ago))
            .max(LEAST)
    }

    /// Refuses when one of them, or another one, was seen again.
    ///
    /// # Errors
    /// [`Error::Unfit`].
    pub async fn ensure_same(&self, session: &Session, database: &str) -> Result<(), Error> {
        let now = Self::read(session).await?;
        let seen = now.0.iter().filter(|(id, at)| self.0.get(*id) != Some(at));
        match seen.count() {
            0 => Ok(()),
            _ => Err(Error::Unfit {
                database: database.to_owned(),
                reason:
                    "a server works on it: stop all servers and commands on it, and run this again"
                        .into(),
            }),
        }
    }
}

/// Waits until it is plain that no server works on the database.
///
/// # Errors
/// [`Error::Unfit`]: one does.
pub async fn ensure_idle(session: &Session, database: &str, clock: &Clock) -> Result<Seen, Error> {
    let seen = Seen::read(session).await?;
    let deadline = Instant::now() + seen.patience(clock);
    while Instant::now() < deadline {
        sleep(PAUSE).await;
        seen.ensure_same(session, database).await?;
    }
    Ok(seen)
}
