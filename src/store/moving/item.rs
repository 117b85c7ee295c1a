//! Items of a move, as they come from one engine and go to the other.

use crate::domain::{AuditEvent, Avatar, EventId, HookId, Kind, Origin, RecordId, UserEvent};
use crate::store::Record;

/// The newest numbers that were given: those of records that are gone are not given again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Of users.
    pub users: u64,
    /// Of companies.
    pub companies: u64,
    /// Of superusers.
    pub superusers: u64,
    /// Of events.
    pub events: u64,
    /// Of messages.
    pub messages: u64,
}

/// An event where it is.
#[derive(Clone, Debug)]
pub struct MovedEvent {
    /// The origin to whose share it counts.
    pub origin: Origin,
    /// Its place.
    pub id: EventId,
    /// The event.
    pub event: AuditEvent,
}

/// The picture of a user.
#[derive(Clone, Debug)]
pub struct MovedAvatar {
    /// The user.
    pub user: RecordId,
    /// The picture.
    pub avatar: Avatar,
}

/// A message of the outbox where it is.
#[derive(Clone, Debug)]
pub struct MovedMessage {
    /// The webhook.
    pub hook: HookId,
    /// Its place.
    pub number: u64,
    /// The message.
    pub event: UserEvent,
}

/// Items that are written together.
#[derive(Clone, Debug)]
pub enum Batch {
    /// Records of one kind.
    Records(Kind, Vec<Record>),
    /// Events of one origin, by their places.
    Events(Vec<MovedEvent>),
    /// Pictures by their users.
    Avatars(Vec<MovedAvatar>),
    /// Messages by their places.
    Messages(Vec<MovedMessage>),
}

impl Batch {
    /// The id of the last user, if these are users.
    pub fn last_user(&self) -> Option<&RecordId> {
        match self {
            Self::Records(Kind::Users, records) => records.last().map(Record::id),
            _ => None,
        }
    }
}
