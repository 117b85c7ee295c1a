//! Ids of the audit events of the last minute, so that an equal event is counted there and not written again.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use jiff::Timestamp;

use crate::domain::{AuditEvent, EventId, Origin, is_within_a_minute};
use crate::store::NewEvent;

/// Events that are remembered at most, about a megabyte of them.
const MOST: usize = 16_384;

/// By the hash of what they say; the store looks whether it is true.
#[derive(Default)]
pub struct RecentEvents {
    ids: HashMap<u64, EventId>,
    hasher: RandomState,
}

impl RecentEvents {
    /// The events, each with the one that it repeats, if that is remembered.
    pub fn find(&self, events: Vec<(Origin, AuditEvent)>) -> Vec<NewEvent> {
        events
            .into_iter()
            .map(|(origin, event)| self.new_event(origin, event))
            .collect()
    }

    fn new_event(&self, origin: Origin, event: AuditEvent) -> NewEvent {
        let repeats = self.ids.get(&self.hash(origin, &event)).copied();
        NewEvent {
            origin,
            event,
            repeats,
        }
    }

    /// Remembers where events are, and forgets those that are more than a minute old.
    pub fn remember(&mut self, events: &[NewEvent], ids: &[EventId], now: Timestamp) {
        self.ids.retain(|_, id| is_fresh(*id, now));
        for (new, id) in events.iter().zip(ids) {
            if self.ids.len() < MOST {
                self.ids.insert(self.hash(new.origin, &new.event), *id);
            }
        }
    }

    fn hash(&self, origin: Origin, event: &AuditEvent) -> u64 {
        self.hasher.hash_one((origin, event.content()))
    }
}

fn is_fresh(id: EventId, now: Timestamp) -> bool {
    Timestamp::from_millisecond(id.at_ms).is_ok_and(|at| is_within_a_minute(at, now))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{Actor, EventKind};

    fn event(n: usize, at: Timestamp) -> AuditEvent {
        AuditEvent::new(at, EventKind::LoginFailed, Actor::Nobody).about(n.to_string())
    }

    #[test]
    fn the_last_minute_is_remembered_and_never_more_than_so_many() {
        let (mut recent, start) = (
            RecentEvents::default(),
            Timestamp::from_second(1_795_327_836).unwrap(),
        );
        let id = |n: usize| EventId {
            at_ms: start.as_millisecond(),
            number: n as u64,
        };
        let repeats = |recent: &RecentEvents, n| {
            recent.find(vec![(Origin::Strangers, event(n, start))])[0].repeats
        };
        let events: Vec<NewEvent> = (0..MOST + 10).map(|n| event(n, start).into()).collect();
        let ids: Vec<_> = (0..MOST + 10).map(id).collect();
        recent.remember(&events, &ids, start);
        assert_eq!(
            (repeats(&recent, 7), repeats(&recent, MOST + 7)),
            (Some(id(7)), None)
        );
        assert_eq!(recent.ids.len(), MOST);
        recent.remember(&[], &[], start + Duration::from_secs(59));
        assert_eq!(repeats(&recent, 7), Some(id(7)));
        recent.remember(&[], &[], start + Duration::from_mins(1));
        assert_eq!(repeats(&recent, 7), None);
    }
}
