//! Events in the store.

use jiff::Timestamp;

use super::{Error, Store};
use crate::config;
use crate::domain::{Event, EventId, EventSearch, Origin};

/// How many events are kept, and from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventBounds {
    /// At most so many of all origins together.
    pub max: u64,
    /// Older ones go.
    pub since: Timestamp,
}

impl EventBounds {
    /// What is kept at `now`.
    #[must_use]
    pub fn new(settings: &config::Events, now: Timestamp) -> Self {
        let since = now.checked_sub(settings.keep).unwrap_or(Timestamp::MIN);
        Self { max: u64::try_from(settings.max).unwrap_or(u64::MAX), since }
    }

    /// The share of an origin.
    #[must_use]
    pub fn most(&self, origin: Origin) -> u64 {
        match origin {
            Origin::Strangers | Origin::Administrators => self.max / 4,
            Origin::Users => self.max / 2,
        }
    }
}

impl Store {
    /// Adds events in their order, and removes some of the oldest that are beyond `bounds`.
    ///
    /// # Errors
    /// [`Error::Failed`]: nothing was stored; [`Error::Unknown`].
    pub async fn add_events(&self, events: Vec<(Origin, Event)>, bounds: EventBounds) -> Result<(), Error> {
        self.embedded().add_events(events, bounds).await
    }

    /// The wanted events, newest first. May look at all there are: not for a thread that others wait for.
    ///
    /// # Errors
    /// [`Error::Failed`] or [`Error::Damaged`].
    pub fn events(&self, wanted: &EventSearch) -> Result<Vec<(EventId, Event)>, Error> {
        self.embedded().events(wanted)
    }
}
