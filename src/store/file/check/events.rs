//! Verification of events and of their order by party.

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata};

use crate::domain::{EventId, Origin};
use crate::store::Error;
use crate::store::file::tables::{EVENTS, EVENTS_BY_PARTY, PartyKey};
use crate::store::stored;

/// The number of events, and the newest one's own number.
pub fn events(txn: &ReadTransaction) -> Result<(u64, u64), Error> {
    let mut seen = Seen {
        by_party: txn.open_table(EVENTS_BY_PARTY)?,
        count: 0,
        of_parties: 0,
        newest: 0,
    };
    for (origin, events) in Origin::ALL.iter().zip(EVENTS) {
        for entry in txn.open_table(events)?.iter()? {
            let (key, bytes) = entry?;
            let (at_ms, number) = key.value();
            seen.see(*origin, EventId { at_ms, number }, bytes.value())?;
        }
    }
    match seen.by_party.len()? {
        len if len == seen.of_parties => Ok((seen.count, seen.newest)),
        _ => Err(Error::Damaged(
            "events_by_party has entries that lead to no event".into(),
        )),
    }
}

struct Seen {
    by_party: ReadOnlyTable<PartyKey, ()>,
    count: u64,
    /// The number of those that are a party's.
    of_parties: u64,
    newest: u64,
}

impl Seen {
    fn see(&mut self, origin: Origin, id: EventId, bytes: &[u8]) -> Result<(), Error> {
        let event = stored::decode_event(id, bytes)?;
        self.count += 1;
        self.newest = self.newest.max(id.number);
        let Some(party) = event.party(origin) else {
            return Ok(());
        };
        self.of_parties += 1;
        match self
            .by_party
            .get((origin as u8, party.as_str(), id.at_ms, id.number))?
        {
            Some(_) => Ok(()),
            None => Err(Error::Damaged(format!(
                "events_by_party does not have the event {id}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Actor, AuditEvent, EventKind, RecordId};
    use crate::store::file::schema::CURRENT;
    use crate::store::file::tables::Tables;
    use crate::store::{EventBounds, Location};

    const BOUNDS: EventBounds = EventBounds {
        max: 1000,
        since: Timestamp::MIN,
    };

    #[test]
    fn an_event_without_its_place_by_party_is_damage_and_a_place_without_its_event() {
        let user = Actor::User(RecordId::parse("qs1c5qev8o3hjvu").unwrap());
        let login = AuditEvent::new(Timestamp::UNIX_EPOCH, EventKind::Login, user);
        for (is_there, says) in [
            (true, "lead to no event"),
            (false, "does not have the event 0-1"),
        ] {
            let engine = CURRENT.open(&Location::memory(), 1 << 20).unwrap();
            engine
                .write(|tables| tables.add_events(&[login.clone().into()], &BOUNDS))
                .unwrap();
            assert_eq!(engine.read_once(events).unwrap(), (1, 1));
            let spoil = |tables: &mut Tables<'_>| match is_there {
                true => tables.corrupt_events_by_party((1, "qs1c5qev8o3hjvu", 0, 2), true),
                false => tables.corrupt_events_by_party((1, "qs1c5qev8o3hjvu", 0, 1), false),
            };
            engine.write(spoil).unwrap();
            let error = engine.read_once(events).unwrap_err();
            assert!(
                matches!(&error, Error::Damaged(_)) && error.to_string().contains(says),
                "{error}"
            );
        }
    }
}
