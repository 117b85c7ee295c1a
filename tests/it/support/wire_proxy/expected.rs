//! Answers that a fault waits for, and the counting by which they are found among the server's: messages have no numbers, but
//! they keep their order.

use std::collections::VecDeque;

use crate::support::wire_proxy::message::Message;
use crate::support::wire_proxy::plan::Fault;

/// A place in the conversation. A round ends with ReadyForQuery: it is a simple query, or all up to a Sync. The start of the session
/// is round 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    round: usize,
    /// Executed before in this round.
    executed: usize,
}

impl Place {
    /// The place of a client's first message.
    pub fn of_first_message() -> Self {
        Self {
            round: 1,
            executed: 0,
        }
    }

    /// Goes past a message of the client.
    pub fn pass_request(&mut self, message: &Message) {
        match message.kind {
            b'E' => self.executed += 1,
            b'Q' | b'S' | b'F' => self.end_round(),
            _ => {}
        }
    }

    /// Goes past a message of the server.
    pub fn pass_answer(&mut self, message: &Message) {
        match message.kind {
            b'C' | b'I' | b's' => self.executed += 1,
            b'Z' => self.end_round(),
            _ => {}
        }
    }

    fn end_round(&mut self) {
        *self = Self {
            round: self.round + 1,
            executed: 0,
        };
    }
}

pub struct Expected {
    pub place: Place,
    pub fault: Fault,
    pub is_commit: bool,
    /// It is the answer to a simple query in the middle of a round, whose ReadyForQuery the client does not wait for.
    pub is_substitute: bool,
}

#[derive(Default)]
pub struct Queue(VecDeque<Expected>);

impl Queue {
    pub fn push(&mut self, expected: Expected) {
        self.0.push_back(expected);
    }

    /// Takes what waited for this message of the server, which stands at `place`.
    pub fn take(&mut self, place: Place, message: &Message) -> Option<Expected> {
        self.forget_before(place.round);
        let first = self.0.front()?;
        if first.place.round != place.round {
            return None;
        }
        match message.kind {
            // One before it failed, and the server skips to the end of the round.
            b'E' if place.executed < first.place.executed => {
                self.forget_before(place.round + 1);
                None
            }
            b'E' => self.0.pop_front(),
            b'C' | b'I' | b's' if first.is_answered(place, message) => self.0.pop_front(),
            _ => None,
        }
    }

    fn forget_before(&mut self, round: usize) {
        self.0.retain(|expected| expected.place.round >= round);
    }
}

impl Expected {
    /// A simple query with COMMIT at its end has answers to its other statements, too.
    fn is_answered(&self, place: Place, message: &Message) -> bool {
        match self.is_commit {
            true => {
                place.executed >= self.place.executed
                    && ["COMMIT", "ROLLBACK"].contains(&message.text(0).as_str())
            }
            false => place.executed == self.place.executed,
        }
    }
}
