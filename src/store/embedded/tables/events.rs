//! Events, in a table for each origin, so that each has its own bound.

use redb::{ReadableTable, ReadableTableMetadata};

use super::{META_EVENT_NUMBER, Tables, read_number};
use crate::domain::{Event, EventId, Origin};
use crate::store::embedded::stored;
use crate::store::{Error, EventBounds};

/// How many of the oldest may go for each event that comes, and how many more: a bound that was lowered is reached in
/// small steps.
const STEPS_EACH: usize = 2;
const STEPS_MORE: usize = 64;

impl Tables<'_> {
    /// Adds events in their order, and removes some of the oldest that are beyond `bounds`.
    pub fn add_events(&mut self, events: &[(Origin, Event)], bounds: &EventBounds) -> Result<(), Error> {
        let mut number = read_number(&self.meta, META_EVENT_NUMBER)?;
        for (origin, event) in events {
            number += 1;
            let id = EventId { at_ms: event.at.as_millisecond(), number };
            let bytes = stored::encode_event(id, event)?;
            self.events[*origin as usize].insert((id.at_ms, id.number), bytes.as_slice())?;
        }
        self.meta.insert(META_EVENT_NUMBER, number.to_le_bytes().as_slice())?;
        let steps = events.len() * STEPS_EACH + STEPS_MORE;
        Origin::ALL.iter().try_for_each(|origin| self.drop_events(*origin, bounds, steps))
    }

    fn drop_events(&mut self, origin: Origin, bounds: &EventBounds, steps: usize) -> Result<(), Error> {
        let table = &mut self.events[origin as usize];
        let (most, since) = (bounds.most(origin), bounds.since.as_millisecond());
        for _ in 0..steps {
            let oldest = table.first()?.map(|(key, _)| key.value());
            match oldest {
                Some((at, _)) if at < since || table.len()? > most => drop(table.pop_first()?),
                _ => break,
            }
        }
        Ok(())
    }
}
