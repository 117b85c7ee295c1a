//! Events, in a table for each origin, so that each has its own bound; and by party, so that each party has one, too.

use redb::{ReadableTable, ReadableTableMetadata};

use super::{META_EVENT_NUMBER, Tables, read_number};
use crate::domain::{AuditEvent, EventId, Origin};
use crate::store::stored;
use crate::store::{Error, EventBounds, NewEvent};

/// The number of the oldest that may go for each event that comes, and of those that may go besides: a bound that was lowered
/// is reached in small steps.
const STEPS_EACH: usize = 2;
const STEPS_MORE: usize = 64;

impl Tables<'_> {
    /// Adds events in their order, and removes some of the oldest that are beyond `bounds`; where each is.
    pub fn add_events(
        &mut self,
        events: &[NewEvent],
        bounds: &EventBounds,
    ) -> Result<Vec<EventId>, Error> {
        let mut ids = Vec::with_capacity(events.len());
        for new in events {
            ids.push(match self.count_once_more(new)? {
                Some(id) => id,
                None => self.add_event(new, bounds)?,
            });
        }
        let steps = events.len() * STEPS_EACH + STEPS_MORE;
        Origin::ALL
            .iter()
            .try_for_each(|origin| self.drop_events(*origin, bounds, steps))?;
        Ok(ids)
    }

    /// Counts the event where it is said to be already; `None` when there is no such event.
    fn count_once_more(&mut self, new: &NewEvent) -> Result<Option<EventId>, Error> {
        let Some(id) = new.repeats else {
            return Ok(None);
        };
        let Some(known) = self
            .event(new.origin, id)?
            .filter(|known| known.is_repeated_by(&new.event))
        else {
            return Ok(None);
        };
        let count = known.count.saturating_add(new.event.count);
        self.write_event(new.origin, id, &AuditEvent { count, ..known })?;
        Ok(Some(id))
    }

    fn add_event(&mut self, new: &NewEvent, bounds: &EventBounds) -> Result<EventId, Error> {
        let number = read_number(&self.meta, META_EVENT_NUMBER)? + 1;
        self.meta
            .insert(META_EVENT_NUMBER, number.to_le_bytes().as_slice())?;
        let id = EventId {
            at_ms: new.event.at.as_millisecond(),
            number,
        };
        self.write_event(new.origin, id, &new.event)?;
        if let Some(party) = new.event.party(new.origin) {
            self.events_by_party
                .insert((new.origin as u8, party.as_str(), id.at_ms, number), ())?;
            self.drop_of_party(new.origin, &party, bounds.part())?;
        }
        Ok(id)
    }

    fn event(&self, origin: Origin, id: EventId) -> Result<Option<AuditEvent>, Error> {
        let bytes = self.events[origin as usize].get((id.at_ms, id.number))?;
        bytes
            .map(|bytes| stored::decode_event(id, bytes.value()))
            .transpose()
    }

    fn write_event(
        &mut self,
        origin: Origin,
        id: EventId,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        let bytes = stored::encode_event(id, event)?;
        self.events[origin as usize].insert((id.at_ms, id.number), bytes.as_slice())?;
        Ok(())
    }

    /// Removes the oldest of a party that has more than `most`; of one more that came it is one.
    fn drop_of_party(&mut self, origin: Origin, party: &str, most: u64) -> Result<(), Error> {
        let of_party =
            (origin as u8, party, i64::MIN, 0)..=(origin as u8, party, i64::MAX, u64::MAX);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        // No more is counted than may go.
        let counted = self
            .events_by_party
            .range(of_party.clone())?
            .take(most.saturating_add(STEPS_EACH))
            .count();
        let oldest = self
            .events_by_party
            .range(of_party)?
            .take(counted.saturating_sub(most));
        let oldest = oldest
            .map(|entry| Ok(place(entry?.0.value())))
            .collect::<Result<Vec<_>, Error>>()?;
        for (at, number) in oldest {
            self.events[origin as usize].remove((at, number))?;
            self.events_by_party
                .remove((origin as u8, party, at, number))?;
        }
        Ok(())
    }

    fn drop_events(
        &mut self,
        origin: Origin,
        bounds: &EventBounds,
        steps: usize,
    ) -> Result<(), Error> {
        let most = bounds.share();
        let since = bounds.since.as_millisecond();
        for _ in 0..steps {
            let table = &mut self.events[origin as usize];
            let oldest = table.first()?.map(|(key, _)| key.value());
            match oldest {
                Some((at, _)) if at < since || table.len()? > most => self.drop_oldest(origin)?,
                _ => break,
            }
        }
        Ok(())
    }

    fn drop_oldest(&mut self, origin: Origin) -> Result<(), Error> {
        let Some((key, bytes)) = self.events[origin as usize].pop_first()? else {
            return Ok(());
        };
        let (at_ms, number) = key.value();
        // One that cannot be read goes, too: nothing new would ever be written otherwise.
        let event = stored::decode_event(EventId { at_ms, number }, bytes.value()).ok();
        if let Some(party) = event.and_then(|event| event.party(origin)) {
            self.events_by_party
                .remove((origin as u8, party.as_str(), at_ms, number))?;
        }
        Ok(())
    }

    /// Gives changes their own table, and parties their order, which files of version 3 did not have.
    pub fn move_changes_and_index_events_by_party(&mut self) -> Result<(), Error> {
        let logins = &self.events[Origin::Logins as usize];
        let mut changes = Vec::new();
        for entry in logins.iter()? {
            let ((at_ms, number), bytes) =
                entry.map(|(key, bytes)| (key.value(), bytes.value().to_owned()))?;
            let event = stored::decode_event(EventId { at_ms, number }, &bytes)?;
            if event.origin() == Origin::Changes {
                changes.push(((at_ms, number), bytes));
            }
        }
        for (key, bytes) in changes {
            self.events[Origin::Logins as usize].remove(key)?;
            self.events[Origin::Changes as usize].insert(key, bytes.as_slice())?;
        }
        Origin::ALL
            .iter()
            .try_for_each(|origin| self.index_events_by_party(*origin))
    }

    fn index_events_by_party(&mut self, origin: Origin) -> Result<(), Error> {
        for entry in self.events[origin as usize].iter()? {
            let (key, bytes) = entry?;
            let (at_ms, number) = key.value();
            let event = stored::decode_event(EventId { at_ms, number }, bytes.value())?;
            if let Some(party) = event.party(origin) {
                self.events_by_party
                    .insert((origin as u8, party.as_str(), at_ms, number), ())?;
            }
        }
        Ok(())
    }
}

fn place((_, _, at_ms, number): (u8, &str, i64, u64)) -> (i64, u64) {
    (at_ms, number)
}
