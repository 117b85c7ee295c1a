//! Ids of audit events, and the search for them.

use std::fmt;

use jiff::Timestamp;

use super::{AuditEvent, EventKind};

/// The place of an event among all: later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Only those of this kind.
    pub kind: Option<EventKind>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only those whose place is before this one's.
    pub before: Option<EventId>,
    /// At most so many.
    pub limit: usize,
}

impl EventSearch {
    /// Whether `event` is wanted, as far as its time does not say.
    #[must_use]
    pub fn wants(&self, event: &AuditEvent) -> bool {
        self.kind.is_none_or(|kind| kind == event.kind)
            && self
                .concerning
                .as_deref()
                .is_none_or(|subject| event.concerns(subject))
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
