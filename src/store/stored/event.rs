//! Events.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{decode, encode, time};
use crate::domain::{Actor, AuditEvent, Cause, EventId, EventKind, EventSearch, EventWords};
use crate::store::Error;

const EVENT_V1: u8 = 1;

/// An event without its time, which is in the key. Order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredEvent<'a> {
    kind: &'a str,
    cause: Option<&'a str>,
    actor: &'a str,
    actor_id: &'a str,
    subject: &'a str,
    source: Option<IpAddr>,
    detail: &'a str,
    count: u32,
}

impl StoredEvent<'_> {
    fn words(&self) -> EventWords<'_> {
        EventWords {
            kind: self.kind,
            actor: self.actor,
            actor_id: self.actor_id,
            subject: self.subject,
        }
    }

    fn into_event(self, id: EventId) -> Option<AuditEvent> {
        let cause = match self.cause {
            Some(cause) => Some(Cause::parse(cause)?),
            None => None,
        };
        Some(AuditEvent {
            at: time(id.at_ms)?,
            kind: EventKind::parse(self.kind)?,
            cause,
            actor: Actor::parse(self.actor, self.actor_id)?,
            subject: self.subject.to_owned(),
            source: self.source,
            detail: self.detail.to_owned(),
            count: self.count,
        })
    }
}

/// The bytes of an event, to be stored under `id`.
pub fn encode_event(id: EventId, event: &AuditEvent) -> Result<Vec<u8>, Error> {
    let stored = StoredEvent {
        kind: event.kind.name(),
        cause: event.cause.map(Cause::name),
        actor: event.actor.name(),
        actor_id: event.actor.id().map_or("", |id| id.as_str()),
        subject: &event.subject,
        source: event.source,
        detail: &event.detail,
        count: event.count,
    };
    encode(&id.to_string(), EVENT_V1, &stored)
}

/// The event in `bytes`, stored under `id`.
pub fn decode_event(id: EventId, bytes: &[u8]) -> Result<AuditEvent, Error> {
    read(id, bytes)?.into_event(id).ok_or_else(|| damaged(id))
}

/// The event in `bytes`, stored under `id`, if it is wanted; nothing is copied of the others.
pub fn decode_wanted_event(
    id: EventId,
    bytes: &[u8],
    wanted: &EventSearch,
) -> Result<Option<AuditEvent>, Error> {
    let stored = read(id, bytes)?;
    if !wanted.wants(stored.words()) {
        return Ok(None);
    }
    stored.into_event(id).map(Some).ok_or_else(|| damaged(id))
}

fn read(id: EventId, bytes: &[u8]) -> Result<StoredEvent<'_>, Error> {
    decode(&id.to_string(), EVENT_V1, bytes).ok_or_else(|| damaged(id))
}

fn damaged(id: EventId) -> Error {
    Error::Damaged(format!("event {id}"))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::RecordId;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/event_v1.bin");

    #[test]
    fn version_1_of_an_event_is_read_as_it_was_written() {
        let at = Timestamp::from_millisecond(1_795_327_836_858).unwrap();
        let actor = Actor::User(RecordId::parse("qs1c5qev8o3hjvu").unwrap());
        let event = AuditEvent {
            count: 3,
            ..AuditEvent::new(at, EventKind::LoginFailed, actor)
                .from("2001:db8:1:2::".parse().unwrap())
                .because(Cause::WrongPassword)
                .about("138****8000")
                .detail("old password")
        };
        let id = EventId {
            at_ms: at.as_millisecond(),
            number: 42,
        };
        assert_eq!(decode_event(id, GOLDEN).unwrap(), event);
        assert_eq!(encode_event(id, &event).unwrap(), GOLDEN);
    }

    #[test]
    fn an_event_is_small_whatever_is_in_it() {
        let actor = Actor::Superuser(RecordId::parse("qs1c5qev8o3hjvu").unwrap());
        let event = AuditEvent {
            count: u32::MAX,
            ..AuditEvent::new(
                Timestamp::UNIX_EPOCH,
                EventKind::SuperuserLoginFailed,
                actor,
            )
            .from("2001:db8:1:2::".parse().unwrap())
            .because(Cause::WrongPassword)
            .about("x".repeat(1000))
            .detail("张".repeat(1000))
        };
        assert!(
            encode_event(
                EventId {
                    at_ms: 0,
                    number: 0
                },
                &event
            )
            .unwrap()
            .len()
                <= 400
        );
    }
}
