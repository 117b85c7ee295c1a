//! Follower: tells what any server commits to those who listen in this one.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, broadcast, watch};
use tokio::time::timeout;

use super::readers::Readers;
use super::rows::{action_of, column, decode, kind_of};
use super::statements as sql;
use crate::store::{Change, Error};

/// Pause between two looks at what other servers committed.
const PAUSE: Duration = Duration::from_millis(250);
/// Changes that are kept for those who listen and are slow.
const CHANGES: usize = 16 * 1024;
/// Changes that are read at once.
const PAGE: i64 = 1_000;

/// What was committed by any server.
pub struct Follower {
    changes: broadcast::Sender<Arc<Change>>,
    state: watch::Sender<i64>,
    gap: watch::Sender<()>,
    /// Nothing before the first look.
    told: Mutex<Option<Told>>,
    /// Asks for a look at once.
    news: Notify,
}

/// Places up to which everything was told.
struct Told {
    change: i64,
    state: i64,
}

impl Follower {
    pub fn new() -> Self {
        Self {
            changes: broadcast::channel(CHANGES).0,
            state: watch::Sender::new(0),
            gap: watch::Sender::new(()),
            told: Mutex::default(),
            news: Notify::default(),
        }
    }

    /// Changes that are committed from now on.
    pub fn changes(&self) -> broadcast::Receiver<Arc<Change>> {
        self.changes.subscribe()
    }

    /// Told whenever the state is another one.
    pub fn state_changes(&self) -> watch::Receiver<i64> {
        self.state.subscribe()
    }

    /// Told when changes were missed.
    pub fn gaps(&self) -> watch::Receiver<()> {
        self.gap.subscribe()
    }

    /// Tells the changes of a commit of this server, which come behind the one of that number; if others come between, they are
    /// looked for first.
    pub fn tell_own(&self, behind: i64, changes: Vec<Change>) {
        match self.told.try_lock() {
            Ok(mut told) if told.as_ref().is_some_and(|told| told.change == behind) => {
                let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
                for change in changes {
                    let _ = self.changes.send(Arc::new(change));
                }
                if let Some(told) = told.as_mut() {
                    told.change += count;
                }
            }
            _ => self.news.notify_one(),
        }
    }

    /// Looks for commits, for ever.
    pub async fn run(self: Arc<Self>, readers: Arc<Readers>) {
        loop {
            match self.look(&readers).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::debug!(%error, "what was committed is not known"),
            }
            let _ = timeout(PAUSE, self.news.notified()).await;
        }
    }

    /// Looks once; whether there may be more. The first look only finds out where to begin.
    pub async fn look(&self, readers: &Readers) -> Result<bool, Error> {
        let mut told = self.told.lock().await;
        let totals = readers.query_one(sql::TOTALS, &[]).await?;
        let totals = totals.ok_or_else(|| Error::Damaged("totals has no row".into()))?;
        let (change, state): (i64, i64) = (column(&totals, 4)?, column(&totals, 5)?);
        let told = told.get_or_insert(Told { change, state });
        if told.state != state {
            told.state = state;
            self.state.send_replace(state);
        }
        if told.change == change || self.changes.receiver_count() == 0 {
            told.change = change;
            return Ok(false);
        }
        self.tell(readers, told, change).await
    }

    async fn tell(&self, readers: &Readers, told: &mut Told, newest: i64) -> Result<bool, Error> {
        let rows = readers
            .query(sql::CHANGES_AFTER, &[&told.change, &PAGE])
            .await?;
        for row in &rows {
            let number: i64 = column(row, 0)?;
            if number != told.change + 1 {
                tracing::warn!(
                    "changes of records were removed before they could be told; all subscribers are cut"
                );
                self.gap.send_replace(());
            }
            told.change = number;
            let change = Change {
                action: action_of(column(row, 1)?)?,
                record: decode(kind_of(column(row, 2)?)?, column(row, 3)?, column(row, 4)?)?,
            };
            let _ = self.changes.send(Arc::new(change));
        }
        if rows.is_empty() {
            told.change = newest;
        }
        Ok(told.change < newest)
    }
}
