//! Events in the store.

use jiff::Timestamp;

use super::handle::Engine;
use super::{Error, Store};
use crate::config;
use crate::domain::{AuditEvent, EventId, EventSearch, Origin};

/// Bounds of the events that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventBounds {
    /// At most so many of all origins together.
    pub max: u64,
    /// Older ones go.
    pub since: Timestamp,
}

/// An event to be stored.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The origin whose share it counts to.
    pub origin: Origin,
    /// The event.
    pub event: AuditEvent,
    /// An event that is there already, perhaps, and that this one only repeats: it is counted there then.
    pub repeats: Option<EventId>,
}

/// Events that a search found, newest first.
#[derive(Clone, Debug, Default)]
pub struct FoundEvents {
    /// At most as many as were wanted.
    pub events: Vec<(EventId, AuditEvent)>,
    /// Place before which the search goes on, if it took all of its steps.
    pub rest: Option<EventId>,
}

/// Parties of an origin of which each has its full part.
const PARTIES: u64 = 100;

impl EventBounds {
    /// The bounds at `now`.
    #[must_use]
    pub fn new(settings: &config::Events, now: Timestamp) -> Self {
        let since = now.checked_sub(settings.keep).unwrap_or(Timestamp::MIN);
        Self {
            max: u64::try_from(settings.max).unwrap_or(u64::MAX),
            since,
        }
    }

    /// The share of each origin.
    #[must_use]
    pub fn share(&self) -> u64 {
        self.max / Origin::COUNT as u64
    }

    /// The part of one party in the share of its origin.
    #[must_use]
    pub fn part(&self) -> u64 {
        (self.share() / PARTIES).max(1)
    }
}

impl From<AuditEvent> for NewEvent {
    fn from(event: AuditEvent) -> Self {
        Self {
            origin: event.origin(),
            event,
            repeats: None,
        }
    }
}

impl Store {
    /// Adds events in their order, and removes some of the oldest that are beyond `bounds`; the ids under which they are, each
    /// in its place.
    pub async fn add_events(
        &self,
        events: Vec<NewEvent>,
        bounds: EventBounds,
    ) -> Result<Vec<EventId>, Error> {
        match &self.engine {
            Engine::File(file) => file.add_events(events, bounds).await,
            Engine::Postgres(postgres) => postgres.add_events(events, bounds).await,
        }
    }

    /// The wanted events, newest first. May look at all there are: not for a thread that others wait for.
    pub async fn events(&self, wanted: &EventSearch) -> Result<FoundEvents, Error> {
        match &self.engine {
            Engine::File(file) => file.events(wanted),
            Engine::Postgres(postgres) => postgres.events(wanted).await,
        }
    }
}
