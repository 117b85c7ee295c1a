//! Audit log: audit events on their way to the store. Recording one does not wait; a task writes them a second later.

mod pending;
mod recent;

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use self::pending::PendingEvents;
use self::recent::RecentEvents;
use super::App;
use crate::domain::{Actor, AuditEvent, EventKind};
use crate::store::{self, EventBounds, NewEvent};

/// From the first event to when all that are there by then are written.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after writing has failed.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Audit events that are not written yet, and the ids of the newest that are.
#[derive(Default)]
pub struct AuditLog {
    pending: Mutex<PendingEvents>,
    /// Told when the first event comes.
    first: Notify,
    /// Held while events are written, so that an empty list of pending events means that all are in the store.
    written: tokio::sync::Mutex<RecentEvents>,
}

impl AuditLog {
    fn pending(&self) -> MutexGuard<'_, PendingEvents> {
        self.pending.lock()
    }
}

impl App {
    /// A new event of now.
    #[must_use]
    pub fn event(&self, kind: EventKind, actor: Actor) -> AuditEvent {
        AuditEvent::new(self.clock.now(), kind, actor)
    }

    /// Remembers an event, without waiting for anything.
    pub fn audit(&self, event: AuditEvent) {
        let is_first = self.audit_log.pending().add(event.origin(), event);
        if is_first {
            self.audit_log.first.notify_one();
        }
    }

    /// Writes what was noted until now.
    ///
    /// # Errors
    /// [`store::Error::Failed`]: what there is room for still waits.
    pub async fn write_events(&self) -> Result<(), store::Error> {
        let mut recent = self.audit_log.written.lock().await;
        let events = self
            .audit_log
            .pending()
            .take(|| self.event(EventKind::Lost, Actor::Nobody));
        if events.is_empty() {
            return Ok(());
        }
        let events = recent.find(events);
        match self
            .store
            .add_events(events.clone(), self.event_bounds())
            .await
        {
            Ok(ids) => {
                recent.remember(&events, &ids, self.clock.now());
                Ok(())
            }
            Err(error) => {
                self.put_back(events);
                self.audit_log.first.notify_one();
                Err(error)
            }
        }
    }

    /// Writes events a second after they come, for ever. While writing fails, they wait.
    pub async fn keep_writing_events(&self) {
        let mut pause = PAUSE;
        loop {
            self.audit_log.first.notified().await;
            tokio::time::sleep(pause).await;
            pause = match self.write_events().await {
                Ok(()) => PAUSE,
                Err(error) => {
                    tracing::warn!(%error, "events were not written; they wait");
                    (pause * 2).min(LONGEST_PAUSE)
                }
            };
        }
    }

    /// What is kept of the events that were written.
    #[must_use]
    pub fn event_bounds(&self) -> EventBounds {
        EventBounds::new(&self.config.events, self.clock.now())
    }

    /// Lets events wait once more, before those that came meanwhile.
    fn put_back(&self, events: Vec<NewEvent>) {
        let mut pending = self.audit_log.pending();
        let since = std::mem::take(&mut *pending);
        for NewEvent { origin, event, .. } in events {
            pending.add(origin, event);
        }
        pending.append(since);
    }
}
