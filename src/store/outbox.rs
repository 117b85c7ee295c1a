//! Outbox: what is to be told of changes of users, written in the commit of the change itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

use super::notices::{Notable, changes_of};
use super::{Error, Write};
use crate::clock::Clock;
use crate::domain::{HookId, UserEvent, UserEventKind};
use crate::random::Random;

/// Messages that a file holds at most.
pub const MAX_MESSAGES: u64 = 1_000_000;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Outbox of a store.
#[derive(Clone)]
pub struct Outbox {
    hooks: Arc<[(HookId, Vec<UserEventKind>)]>,
    clock: Clock,
    random: Random,
    added: watch::Sender<u64>,
    lost: Arc<AtomicU64>,
}

/// Message of one write of a list, and the webhooks that it is for.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    /// Place of the write in the list.
    pub index: usize,
    /// The message; its user gets the number that the store gives.
    pub event: UserEvent,
    /// Webhooks.
    pub hooks: Vec<HookId>,
}

/// Messages of a list of writes, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Notices {
    /// The messages.
    pub list: Vec<Notice>,
    lost: Arc<AtomicU64>,
}

impl Notices {
    /// The messages of the write at that place.
    pub fn of(&self, index: usize) -> impl Iterator<Item = &Notice> {
        self.list.iter().filter(move |notice| notice.index == index)
    }

    /// Counts a message for which there is no room.
    pub fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }
}

impl Outbox {
    /// An outbox for webhooks, each with the kinds of events that it wants.
    #[must_use]
    pub fn new(hooks: Vec<(HookId, Vec<UserEventKind>)>, clock: Clock, random: Random) -> Self {
        Self {
            hooks: hooks.into(),
            clock,
            random,
            added: watch::Sender::new(0),
            lost: Arc::default(),
        }
    }

    /// The messages of a list of writes.
    pub(super) fn notices(&self, writes: &[Write]) -> Result<Notices, Error> {
        let mut notices = Notices {
            list: Vec::new(),
            lost: Arc::clone(&self.lost),
        };
        if self.hooks.is_empty() {
            return Ok(notices);
        }
        for (index, write) in writes.iter().enumerate() {
            for change in changes_of(write) {
                notices.list.extend(self.notice(index, change)?);
            }
        }
        Ok(notices)
    }

    fn notice(&self, index: usize, change: Notable) -> Result<Option<Notice>, Error> {
        let wanted = self.hooks.iter();
        let wanted = wanted.filter(|(_, kinds)| kinds.contains(&change.kind));
        let hooks: Vec<_> = wanted.map(|(hook, _)| *hook).collect();
        if hooks.is_empty() {
            return Ok(None);
        }
        let event = UserEvent {
            id: self.message_id()?,
            at: self.clock.now(),
            kind: change.kind,
            user: change.user,
            before: change.before,
        };
        Ok(Some(Notice {
            index,
            event,
            hooks,
        }))
    }

    /// A new id, of 120 random bits.
    fn message_id(&self) -> Result<String, Error> {
        let bytes: [u8; 24] = self
            .random
            .bytes()
            .map_err(|e| Error::Failed(e.to_string()))?;
        let letters = bytes.map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        Ok(format!("msg_{}", String::from_iter(letters)))
    }

    /// Tells that messages were committed.
    pub(super) fn tell(&self) {
        self.added.send_modify(|n| *n += 1);
    }

    /// Moves after each commit of this server that added messages.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.added.subscribe()
    }

    /// Messages for which there was no room since the start.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
