//! Ids of audit events, and the search for them.

use std::fmt;

use jiff::Timestamp;

use super::{ActorKind, EventKind};

/// The place of an event among all: later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// Time of the event, in Unix milliseconds.
    pub at_ms: i64,
    /// Its number among all that were ever written.
    pub number: u64,
}

impl EventId {
    /// Reads an id; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (at_ms, number) = text.split_once('-')?;
        Some(Self {
            at_ms: at_ms.parse().ok()?,
            number: number.parse().ok()?,
        })
    }
}

impl EventId {
    /// The place right behind this one: a search before it begins with this event.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            number: self.number.saturating_add(1),
            ..self
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at_ms, self.number)
    }
}

/// Search for audit events. The newest come first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSearch {
    /// Only those that concern this record id or masked phone.
    pub concerning: Option<String>,
    /// Only those of one of these kinds; empty: of any.
    pub kinds: Vec<EventKind>,
    /// Only those that such an actor caused.
    pub actor: Option<ActorKind>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only those whose place is before this one's.
    pub before: Option<EventId>,
    /// At most so many.
    pub limit: usize,
    /// Looks at so many at most; at all there are, if nothing is said.
    pub steps: Option<usize>,
}

/// The words of an event that a search asks for.
#[derive(Clone, Copy, Debug)]
pub struct EventWords<'a> {
    /// Name of its kind.
    pub kind: &'a str,
    /// Name of its actor's kind.
    pub actor: &'a str,
    /// Record id of its actor, if it has one.
    pub actor_id: &'a str,
    /// Its subject.
    pub subject: &'a str,
}

impl EventWords<'_> {
    /// Whether the record of this id did it, or it was done to that.
    fn concerns(&self, id: &str) -> bool {
        self.subject == id || self.actor_id == id
    }
}

impl EventSearch {
    /// Whether the event with these words is wanted, as far as its time does not say.
    #[must_use]
    pub fn wants(&self, event: EventWords<'_>) -> bool {
        self.wants_kind(event.kind)
            && self.actor.is_none_or(|actor| actor.name() == event.actor)
            && self
                .concerning
                .as_deref()
                .is_none_or(|who| event.concerns(who))
    }

    fn wants_kind(&self, name: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written() {
        let id = EventId {
            at_ms: 1_795_327_836_858,
            number: 7,
        };
        assert_eq!(EventId::parse(&id.to_string()), Some(id));
        assert_eq!(EventId::parse("7"), None);
    }
}
