//! The messages of one webhook that wait, as far as they are in memory, and which goes next: of one user one at a time, in order.
//! A pure machine: it is told times and outcomes, and does nothing itself.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::health::Health;
use super::moment::Moment;
use super::outcome::Outcome;
use super::pause::{asked_ms, pause_ms};
use crate::domain::QueuedEvent;
use crate::domain::{RecordId, UserEvent};

/// Messages that are read at once, and users whose message was not tried yet.
const WINDOW: usize = 256;
/// Users whose message was refused, or failed, and is tried again; while there are more, no other message is read.
const MOST_PUT_OFF: usize = 8_192;
/// Users who are told of at once.
pub const AT_ONCE: usize = 16;
/// Age from which a message is given up.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Tries that a message gets whatever its age.
const LEAST_TRIES: u32 = 3;

/// A message that is to be sent now.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub number: u64,
    pub event: Arc<UserEvent>,
    /// Round of the webhook's health in which it began.
    pub round: u64,
}

/// The messages that wait.
#[derive(Debug, Default)]
pub struct Line {
    /// The first message of each user.
    held: BTreeMap<u64, Held>,
    /// Its number, by user.
    users: HashMap<RecordId, u64>,
    /// Users whose next message is to be read, each with the number behind which it is.
    seeks: VecDeque<(RecordId, u64)>,
    /// Number up to which messages were read.
    read_to: u64,
    is_read: bool,
    health: Health,
    over: Vec<u64>,
    given_up: u64,
}

#[derive(Debug)]
struct Held {
    event: Arc<UserEvent>,
    tries: u32,
    not_before_ms: i64,
    is_in_flight: bool,
    /// Whether later messages of its user were left in the store.
    has_followers: bool,
}

impl Held {
    fn new(event: UserEvent) -> Self {
        Self {
            event: Arc::new(event),
            tries: 0,
            not_before_ms: 0,
            is_in_flight: false,
            has_followers: false,
        }
    }

    fn is_old(&self, now: Moment) -> bool {
        now.wall.duration_since(self.event.at) >= GIVEN_UP_AFTER
    }
}

impl Line {
    /// The number after which to read, and how many, if there is room and a use for more.
    pub fn wanted(&self, now: Moment) -> Option<(u64, usize)> {
        if let Some((_, after)) = self.seeks.front() {
            return Some((*after, WINDOW));
        }
        let put_off = self.held.values().filter(|held| held.tries > 0).count();
        let has_room = self.held.len() - put_off < WINDOW && put_off < MOST_PUT_OFF;
        let is_wanted = !self.is_read && has_room && self.ready(now).len() < AT_ONCE;
        is_wanted.then_some((self.read_to, WINDOW))
    }

    /// Adds what was read; `limit` is how many were asked for.
    pub fn add(&mut self, messages: Vec<QueuedEvent>, limit: usize, now: Moment) {
        let is_end = messages.len() < limit;
        match self.seeks.pop_front() {
            Some((user, _)) => self.find_next_of(user, messages, is_end),
            None => self.add_page(messages, is_end),
        }
        self.give_up_old(now);
    }

    fn add_page(&mut self, messages: Vec<QueuedEvent>, is_end: bool) {
        self.is_read = is_end;
        for QueuedEvent { number, event } in messages {
            self.read_to = number;
            if !self.held.contains_key(&number) && !self.over.contains(&number) {
                self.hold(number, event);
            }
        }
    }

    /// Holds the next message of a user whose message before it is over; what is not read yet comes with a page.
    fn find_next_of(&mut self, user: RecordId, messages: Vec<QueuedEvent>, is_end: bool) {
        let last = messages.last().map_or(0, |message| message.number);
        let mut next = messages.into_iter();
        let next = next
            .find(|message| message.event.user.id == user && !self.over.contains(&message.number));
        match next {
            Some(QueuedEvent { number, event }) => {
                self.hold(number, event);
                self.mark_followers(&user);
            }
            None if !is_end && last < self.read_to => self.seeks.push_front((user, last)),
            None => {}
        }
    }

    /// Holds the message, unless one before it of the same user waits: those behind it are read when that is over.
    fn hold(&mut self, number: u64, event: UserEvent) {
        let user = event.user.id.clone();
        if self.users.contains_key(&user) {
            return self.mark_followers(&user);
        }
        self.users.insert(user, number);
        self.held.insert(number, Held::new(event));
    }

    /// Notes that there may be later messages of that user in the store.
    fn mark_followers(&mut self, user: &RecordId) {
        let first = self.users.get(user);
        if let Some(first) = first.and_then(|number| self.held.get_mut(number)) {
            first.has_followers = true;
        }
    }

    /// There may be more messages in the store.
    pub fn grow(&mut self) {
        self.is_read = false;
    }

    /// The messages whose time has come.
    fn ready(&self, now: Moment) -> Vec<(u64, &Held)> {
        let held = self.held.iter().map(|(number, held)| (*number, held));
        held.filter(|(_, held)| !held.is_in_flight && held.not_before_ms <= now.steady_ms)
            .collect()
    }

    /// The message to send now: those that were tried least go first, so that one that makes the receiver fail does not hold up others.
    pub fn next(&mut self, now: Moment) -> Option<Attempt> {
        if self.in_flight() >= self.health.at_once(now.steady_ms, AT_ONCE) {
            return None;
        }
        let ready = self.ready(now).into_iter();
        let (number, _) = ready.min_by_key(|(number, held)| (held.tries, *number))?;
        let held = self.held.get_mut(&number)?;
        held.is_in_flight = true;
        Some(Attempt {
            number,
            event: Arc::clone(&held.event),
            round: self.health.round(),
        })
    }

    /// Messages that are being sent.
    pub fn in_flight(&self) -> usize {
        self.held.values().filter(|held| held.is_in_flight).count()
    }

    /// Notes the outcome of a try.
    pub fn finish(&mut self, attempt: &Attempt, outcome: &Outcome, now: Moment) {
        match outcome {
            Outcome::Delivered => {
                self.health.succeed();
                self.end(attempt.number);
            }
            Outcome::Refused(_) => self.put_off(attempt.number, None, now),
            Outcome::Failed(_, asked) => {
                self.health.fail(attempt.round, *asked, now);
                self.put_off(attempt.number, *asked, now);
            }
        }
        self.give_up_old(now);
    }

    /// Ends a message, though it may be held no more: it is to be removed, and the next one of its user is to be read.
    fn end(&mut self, number: u64) {
        self.over.push(number);
        let Some(held) = self.held.remove(&number) else {
            return;
        };
        let user = held.event.user.id.clone();
        self.users.remove(&user);
        if held.has_followers {
            self.seeks.push_back((user, number));
        }
    }

    /// Lets a message wait, and with it the later ones of its user.
    fn put_off(&mut self, number: u64, asked: Option<Duration>, now: Moment) {
        let Some(held) = self.held.get_mut(&number) else {
            return;
        };
        held.is_in_flight = false;
        held.tries += 1;
        let pause = asked.map_or_else(|| pause_ms(held.tries, now.chance), asked_ms);
        held.not_before_ms = now.steady_ms + pause;
    }

    /// Gives up what is older than a day and was tried often enough; a try of another message counts when the whole webhook is down.
    fn give_up_old(&mut self, now: Moment) {
        let of_all = self.health.failures();
        let held = self.held.iter();
        let old = held.filter(|(_, held)| {
            !held.is_in_flight && held.is_old(now) && held.tries.max(of_all) >= LEAST_TRIES
        });
        let old: Vec<u64> = old.map(|(number, _)| *number).collect();
        self.given_up += old.len() as u64;
        for number in old {
            self.end(number);
        }
    }

    /// The number of messages that were given up since this was asked last.
    pub fn take_given_up(&mut self) -> u64 {
        std::mem::take(&mut self.given_up)
    }

    /// Numbers of the messages that are to be removed from the store.
    pub fn over(&self) -> &[u64] {
        &self.over
    }

    /// These were removed.
    pub fn forget_over(&mut self, removed: &[u64]) {
        self.over.retain(|number| !removed.contains(number));
    }

    /// Forgets what waits: another server tells it. What is over is removed all the same.
    pub fn forget_waiting(&mut self) {
        *self = Self {
            over: std::mem::take(&mut self.over),
            given_up: self.given_up,
            ..Self::default()
        };
    }

    /// Everything may be tried at once.
    pub fn retry(&mut self) {
        self.health.retry();
        self.held
            .values_mut()
            .for_each(|held| held.not_before_ms = 0);
    }

    /// Whether nothing is left in memory, nor in the store as far as is known.
    pub fn is_idle(&self) -> bool {
        self.held.is_empty() && self.seeks.is_empty() && self.over.is_empty() && self.is_read
    }

    /// Steady time of the next try, if something waits for a time and nothing is being sent.
    pub fn next_time_ms(&self) -> Option<i64> {
        let waiting = self.held.values().filter(|held| !held.is_in_flight);
        let first = waiting.map(|held| held.not_before_ms).min()?;
        Some(first.max(self.health.not_before_ms()))
    }
}

#[cfg(test)]
mod tests;
