//! Audit log: audit events on their way to the store. Recording one does not wait; a task writes them a second later.

mod pending;
mod recent;

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use self::pending::PendingEvents;
use self::recent::RecentEvents;
use crate::clock::Clock;
use crate::config;
use crate::domain::{Actor, AuditEvent, EventKind};
use crate::store::{self, EventBounds, NewEvent, Store};

/// Pause from the first event until all that are there by then are written.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after writing has failed.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Audit events that are not written yet, and the ids of the newest that are.
pub struct AuditLog {
    store: Store,
    clock: Clock,
    settings: config::Events,
    pending: Mutex<PendingEvents>,
    /// Told when the first event comes.
    first: Notify,
    /// Held while events are written, so that an empty list of pending events means that all are in the store.
    written: tokio::sync::Mutex<RecentEvents>,
}

impl AuditLog {
    /// An empty log on top of `store`.
    #[must_use]
    pub fn new(store: Store, clock: Clock, settings: config::Events) -> Self {
        Self {
            store,
            clock,
            settings,
            pending: Mutex::default(),
            first: Notify::default(),
            written: tokio::sync::Mutex::default(),
        }
    }

    /// Adds an event, without waiting for anything.
    pub fn record(&self, event: AuditEvent) {
        let is_first = self.pending.lock().add(event.origin(), event);
        if is_first {
            self.first.notify_one();
        }
    }

    /// Writes the events that were recorded until now.
    ///
    /// # Errors
    /// [`store::Error::Failed`]: the events that there is room for still wait.
    pub async fn flush(&self) -> Result<(), store::Error> {
        let mut recent = self.written.lock().await;
        let events = self.pending.lock().take(|| self.lost());
        if events.is_empty() {
            return Ok(());
        }
        let events = recent.find(events);
        match self.store.add_events(events.clone(), self.bounds()).await {
            Ok(ids) => {
                recent.remember(&events, &ids, self.clock.now());
                Ok(())
            }
            Err(error) => {
                self.put_back(events);
                self.first.notify_one();
                Err(error)
            }
        }
    }

    /// Writes events a second after they come, for ever. While writing fails, they wait.
    pub async fn keep_flushing(&self) {
        let mut pause = PAUSE;
        loop {
            self.first.notified().await;
            tokio::time::sleep(pause).await;
            pause = match self.flush().await {
                Ok(()) => PAUSE,
                Err(error) => {
                    tracing::warn!(%error, "events were not written; they wait");
                    (pause * 2).min(LONGEST_PAUSE)
                }
            };
        }
    }

    /// Number and age of the events that are kept.
    #[must_use]
    pub fn bounds(&self) -> EventBounds {
        EventBounds::new(&self.settings, self.clock.now())
    }

    fn lost(&self) -> AuditEvent {
        AuditEvent::new(self.clock.now(), EventKind::Lost, Actor::Nobody)
    }

    /// Lets events wait once more, before those that came meanwhile.
    fn put_back(&self, events: Vec<NewEvent>) {
        let mut pending = self.pending.lock();
        let since = std::mem::take(&mut *pending);
        for NewEvent { origin, event, .. } in events {
            pending.add(origin, event);
        }
        pending.append(since);
    }
}
