//! Audit events in the working set.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::rows::{column, number};
use crate::domain::{AuditEvent, EventId, Origin};
use crate::store::{Error, EventBounds, NewEvent, stored};

/// The number of the oldest that may go for each event that comes, and of those that may go besides: a bound that was lowered
/// is reached in small steps.
const STEPS_EACH: i64 = 2;
const STEPS_MORE: i64 = 64;

/// An event to be written.
pub struct AddedEvent {
    /// Origin.
    pub origin: Origin,
    /// Place.
    pub id: EventId,
    /// Party, if the origin has any.
    pub party: Option<String>,
    /// The event.
    pub event: AuditEvent,
}

/// Audit events in the working set.
#[derive(Default)]
pub struct EventSet {
    /// Those that may be counted once more.
    known: HashMap<EventId, (i16, AuditEvent)>,
    /// Those that were.
    recounted: HashMap<EventId, AuditEvent>,
    /// New ones.
    pub added: Vec<AddedEvent>,
    /// Number of events by origin.
    pub totals: [i64; Origin::COUNT],
    /// Number of the newest event.
    pub number: i64,
    /// Number of events of each party, up to a limit.
    parties: HashMap<(i16, String), i64>,
    /// Number of the oldest of a party that go.
    pub surplus: HashMap<(i16, String), i64>,
    /// The bounds that hold.
    pub bounds: Option<EventBounds>,
    /// Number of the oldest of each origin that may go.
    pub steps: i64,
}

impl EventSet {
    /// Adds an event that may be counted once more.
    pub fn read_event(&mut self, row: &Row) -> Result<(), Error> {
        let id = EventId {
            at_ms: column(row, 1)?,
            number: number(row, 2)?,
        };
        let event = stored::decode_event(id, column(row, 3)?)?;
        self.known.insert(id, (column(row, 0)?, event));
        Ok(())
    }

    /// Adds the number of events of an origin.
    pub fn read_total(&mut self, row: &Row) -> Result<(), Error> {
        let origin: i16 = column(row, 0)?;
        let place = usize::try_from(origin).ok();
        if let Some(total) = place.and_then(|place| self.totals.get_mut(place)) {
            *total = column(row, 1)?;
        }
        self.number = self.number.max(column(row, 2)?);
        Ok(())
    }

    /// Adds the number of events of a party.
    pub fn read_party(&mut self, row: &Row) -> Result<(), Error> {
        let party = (column(row, 0)?, column(row, 1)?);
        self.parties.insert(party, column(row, 2)?);
        Ok(())
    }

    /// Adds events in their order; where each is.
    pub fn add(&mut self, events: &[NewEvent], bounds: EventBounds) -> Vec<EventId> {
        self.bounds = Some(bounds);
        self.steps += i64::try_from(events.len()).unwrap_or(i64::MAX / 4) * STEPS_EACH + STEPS_MORE;
        events
            .iter()
            .map(|new| match self.count_once_more(new) {
                Some(id) => id,
                None => self.add_event(new, bounds),
            })
            .collect()
    }

    /// Counts the event where it is said to be already; nothing when there is no such event.
    fn count_once_more(&mut self, new: &NewEvent) -> Option<EventId> {
        let id = new.repeats?;
        let (origin, known) = self.known.get_mut(&id)?;
        if *origin != new.origin as i16 || !known.is_repeated_by(&new.event) {
            return None;
        }
        known.count = known.count.saturating_add(new.event.count);
        self.recounted.insert(id, known.clone());
        Some(id)
    }

    fn add_event(&mut self, new: &NewEvent, bounds: EventBounds) -> EventId {
        self.number += 1;
        let id = EventId {
            at_ms: new.event.at.as_millisecond(),
            number: self.number.unsigned_abs(),
        };
        let party = new.event.party(new.origin);
        self.totals[new.origin as usize] += 1;
        if let Some(party) = &party {
            self.count_party((new.origin as i16, party.clone()), bounds);
        }
        self.added.push(AddedEvent {
            origin: new.origin,
            id,
            party,
            event: new.event.clone(),
        });
        id
    }

    fn count_party(&mut self, party: (i16, String), bounds: EventBounds) {
        let part = i64::try_from(bounds.part()).unwrap_or(i64::MAX);
        let count = self.parties.entry(party.clone()).or_default();
        *count += 1;
        let surplus = (*count - part).clamp(0, STEPS_EACH);
        *count -= surplus;
        if surplus > 0 {
            let place = usize::try_from(party.0).ok();
            if let Some(total) = place.and_then(|place| self.totals.get_mut(place)) {
                *total -= surplus;
            }
            *self.surplus.entry(party).or_default() += surplus;
        }
    }

    /// The events that are counted once more.
    pub fn recounted(&self) -> impl Iterator<Item = (EventId, &AuditEvent)> {
        self.recounted.iter().map(|(id, event)| (*id, event))
    }

    /// Whether anything is to be written.
    pub fn is_changed(&self) -> bool {
        !self.added.is_empty() || !self.recounted.is_empty()
    }
}
