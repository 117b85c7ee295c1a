//! The log of events: adding to it, and searching it.

use super::handle::Engine;
use super::{Error, EventBounds, FoundEvents, NewEvent, Store};
use crate::domain::{EventId, EventSearch};

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
