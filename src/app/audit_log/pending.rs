//! Audit events that are not written yet, by origin.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use crate::domain::{AuditEvent, EventKind, Origin};

/// Events that may wait, by origin: what a second may bring.
const ROOM: [usize; Origin::COUNT] = [256, 1024, 1024, 1024];
/// Parties of an origin of which each has its full part …
const PARTIES: usize = 100;
/// … which is so many at least.
const LEAST: usize = 8;

/// In the order of [`Origin::ALL`].
#[derive(Default)]
pub struct PendingEvents([List; Origin::COUNT]);

/// Those of one origin.
#[derive(Default)]
struct List {
    events: Vec<AuditEvent>,
    /// Places of the newest that says this, by the hash of what it says.
    said: HashMap<u64, usize>,
    hasher: RandomState,
    /// Number of events of each party.
    parties: HashMap<String, usize>,
    lost: u32,
}

impl PendingEvents {
    /// Adds an event, or counts it where it waits already, or among those that are lost; whether it is the first of all.
    pub fn add(&mut self, origin: Origin, event: AuditEvent) -> bool {
        let was_empty = self.0.iter().all(|list| list.events.is_empty());
        self.0[origin as usize].add(origin, event);
        was_empty
    }

    /// Adds what waits elsewhere.
    pub fn append(&mut self, other: Self) {
        for ((origin, list), other) in Origin::ALL.iter().zip(&mut self.0).zip(other.0) {
            other
                .events
                .into_iter()
                .for_each(|event| list.add(*origin, event));
            list.lose(other.lost);
        }
    }

    /// Takes all that waits, and for each origin of which events were lost what `lost` makes, counting them.
    pub fn take(&mut self, lost: impl Fn() -> AuditEvent) -> Vec<(Origin, AuditEvent)> {
        let mut events = Vec::new();
        for (origin, list) in Origin::ALL.iter().zip(std::mem::take(&mut self.0)) {
            events.extend(list.events.into_iter().map(|event| (*origin, event)));
            if list.lost > 0 {
                events.push((
                    *origin,
                    AuditEvent {
                        count: list.lost,
                        ..lost()
                    },
                ));
            }
        }
        events
    }
}

impl List {
    fn add(&mut self, origin: Origin, event: AuditEvent) {
        let hash = self.hasher.hash_one(event.content());
        let same = self
            .said
            .get(&hash)
            .and_then(|place| self.events.get_mut(*place));
        if let Some(same) = same.filter(|same| same.is_repeated_by(&event)) {
            same.count = same.count.saturating_add(event.count);
        } else if event.kind == EventKind::Lost || !self.has_room(origin, &event) {
            self.lose(event.count);
        } else {
            self.said.insert(hash, self.events.len());
            self.events.push(event);
        }
    }

    /// Whether there is room for one more; the party then has it.
    fn has_room(&mut self, origin: Origin, event: &AuditEvent) -> bool {
        let room = ROOM[origin as usize];
        if self.events.len() >= room {
            return false;
        }
        let Some(party) = event.party(origin) else {
            return true;
        };
        let has = self.parties.entry(party).or_default();
        *has += 1;
        *has <= (room / PARTIES).max(LEAST)
    }

    fn lose(&mut self, count: u32) {
        self.lost = self.lost.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Actor, Cause, RecordId};

    /// A failure that differs from all others, from one of so many sources.
    fn failure(n: u32, sources: u32) -> AuditEvent {
        let event = AuditEvent::new(Timestamp::UNIX_EPOCH, EventKind::LoginFailed, Actor::Nobody);
        event
            .because(Cause::Unknown)
            .about(n.to_string())
            .from((n % sources).to_be_bytes().into())
    }

    fn by(actor: Actor, n: usize) -> AuditEvent {
        AuditEvent::new(Timestamp::UNIX_EPOCH, EventKind::ProfileChange, actor)
            .detail(n.to_string())
    }

    fn add(pending: &mut PendingEvents, event: AuditEvent) {
        pending.add(event.origin(), event);
    }

    fn lens(pending: &PendingEvents) -> [(usize, u32); Origin::COUNT] {
        std::array::from_fn(|n| (pending.0[n].events.len(), pending.0[n].lost))
    }

    #[test]
    fn a_flood_of_failures_takes_no_room_from_others() {
        let mut pending = PendingEvents::default();
        for n in 0..1_000 {
            add(&mut pending, failure(n, 1_000));
        }
        let user = Actor::User(RecordId::parse("qs1c5qev8o3hjvu").unwrap());
        add(
            &mut pending,
            AuditEvent {
                kind: EventKind::Login,
                ..by(user, 0)
            },
        );
        assert_eq!(lens(&pending), [(256, 744), (1, 0), (0, 0), (0, 0)]);
    }

    #[test]
    fn a_party_has_its_part_and_administrators_all_there_is() {
        let mut pending = PendingEvents::default();
        let user = |n: u8| Actor::User(RecordId::parse(&format!("u{n:014}")).unwrap());
        for n in 0..100 {
            add(&mut pending, failure(n, 2));
        }
        for n in 0..100 {
            add(&mut pending, by(user(1), n));
            add(&mut pending, by(Actor::Operator, n));
        }
        add(&mut pending, by(user(2), 0));
        assert_eq!(lens(&pending), [(16, 84), (0, 0), (11, 90), (100, 0)]);
    }

    #[test]
    fn equal_events_are_one_with_a_count() {
        let mut pending = PendingEvents::default();
        for n in [1, 2, 1, 1] {
            add(&mut pending, failure(n, 10));
            add(&mut pending, by(Actor::Operator, n as usize));
        }
        let counts = |origin: Origin| -> Vec<_> {
            pending.0[origin as usize]
                .events
                .iter()
                .map(|event| event.count)
                .collect()
        };
        assert_eq!(counts(Origin::Strangers), [3, 1]);
        assert_eq!(counts(Origin::Administrators), [3, 1]);
        let later = AuditEvent {
            at: Timestamp::UNIX_EPOCH + std::time::Duration::from_mins(1),
            ..failure(1, 10)
        };
        add(&mut pending, later);
        assert_eq!(pending.0[0].events.len(), 3);
    }

    #[test]
    fn what_is_put_back_keeps_its_counts() {
        let (mut pending, mut since) = (PendingEvents::default(), PendingEvents::default());
        for n in 0..300 {
            add(&mut since, failure(n, 300));
        }
        add(&mut pending, failure(0, 300));
        pending.append(since);
        assert_eq!(lens(&pending)[0], (256, 44));
        assert_eq!(pending.0[0].events[0].count, 2);
        let lost = || AuditEvent::new(Timestamp::UNIX_EPOCH, EventKind::Lost, Actor::Nobody);
        let taken = pending.take(lost);
        assert_eq!(taken.iter().map(|(_, event)| event.count).sum::<u32>(), 301);
        assert_eq!(lens(&pending)[0], (0, 0));
    }
}
