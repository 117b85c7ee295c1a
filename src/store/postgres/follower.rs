//! Follower: tells what any server commits to those who listen in this one.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::timeout;
use tokio_postgres::Row;

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

/// Commits of any server.
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
        let mut told = self.told.lock();
        match told.as_mut().filter(|told| told.change == behind) {
            Some(told) => changes
                .into_iter()
                .for_each(|change| self.tell(told, told.change + 1, change)),
            None => self.news.notify_one(),
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
        let totals = readers.query_one(sql::TOTALS, &[]).await?;
        let totals = totals.ok_or_else(|| Error::Damaged("totals has no row".into()))?;
        let (newest, state) = (column(&totals, 4)?, column(&totals, 5)?);
        let Some(from) = self.behind(newest, state) else {
            return Ok(false);
        };
        let rows = readers.query(sql::CHANGES_AFTER, &[&from, &PAGE]).await?;
        self.tell_rows(&rows, newest)
    }

    /// Place from which changes have to be read, if there are any to be told.
    fn behind(&self, newest: i64, state: i64) -> Option<i64> {
        let mut told = self.told.lock();
        let told = told.get_or_insert(Told {
            change: newest,
            state,
        });
        if told.state != state {
            told.state = state;
            self.state.send_replace(state);
        }
        if self.changes.receiver_count() == 0 {
            told.change = told.change.max(newest);
        }
        (told.change < newest).then_some(told.change)
    }

    /// Tells what was not told meanwhile; whether there may be more.
    fn tell_rows(&self, rows: &[Row], newest: i64) -> Result<bool, Error> {
        let mut told = self.told.lock();
        let Some(told) = told.as_mut() else {
            return Ok(false);
        };
        for row in rows {
            let number: i64 = column(row, 0)?;
            if number > told.change {
                let change = Change {
                    action: action_of(column(row, 1)?)?,
                    record: decode(kind_of(column(row, 2)?)?, column(row, 3)?, column(row, 4)?)?,
                };
                self.tell(told, number, change);
            }
        }
        if rows.is_empty() {
            told.change = told.change.max(newest);
        }
        Ok(told.change < newest)
    }

    fn tell(&self, told: &mut Told, number: i64, change: Change) {
        if number != told.change + 1 {
            tracing::warn!(
                "changes of records were removed before they could be told; all subscribers are cut"
            );
            self.gap.send_replace(());
        }
        told.change = number;
        let _ = self.changes.send(Arc::new(change));
    }
}
