//! Events as they are stored and found.

use jiff::Timestamp;

use crate::config;
use crate::domain::{AuditEvent, EventId, Origin};

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
