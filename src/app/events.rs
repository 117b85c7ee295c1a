//! Events on their way to the store: whoever notes one does not wait, and a task writes them a second later.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::App;
use crate::domain::{Actor, Event, EventKind, Origin};
use crate::store::{self, EventBounds};

/// Events that may wait, by origin: what a second may bring.
const ROOM: [usize; 3] = [256, 1024, 1024];
/// From the first event to when all that are there by then are written.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after writing has failed.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Events that are not written yet.
#[derive(Default)]
pub struct Events {
    waiting: Mutex<Waiting>,
    /// Told when the first event comes.
    first: Notify,
    /// Held while events are written, so that who finds nothing waiting knows that all are in the store.
    writing: tokio::sync::Mutex<()>,
}

/// By origin, in the order of [`Origin::ALL`].
#[derive(Default)]
struct Waiting {
    lists: [Vec<Event>; 3],
    lost: [u32; 3],
}

impl App {
    /// A new event of now.
    #[must_use]
    pub fn event(&self, kind: EventKind, actor: Actor) -> Event {
        Event::new(self.clock.now(), kind, actor)
    }

    /// Remembers an event, without waiting for anything.
    pub fn note(&self, event: Event) {
        let mut waiting = self.events.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = waiting.is_empty();
        waiting.add(event);
        drop(waiting);
        if was_empty {
            self.events.first.notify_one();
        }
    }

    /// Writes what was noted until now.
    ///
    /// # Errors
    /// [`store::Error::Failed`]: what there is room for still waits.
    pub async fn write_events(&self) -> Result<(), store::Error> {
        let _writing = self.events.writing.lock().await;
        let events = self.take();
        if events.is_empty() {
            return Ok(());
        }
        let written = self.store.add_events(events.clone(), self.event_bounds()).await;
        if written.is_err() {
            self.put_back(events);
            self.events.first.notify_one();
        }
        written
    }

    /// Writes events a second after they come, for ever. While writing fails, they wait.
    pub async fn keep_writing_events(&self) {
        let mut pause = PAUSE;
        loop {
            self.events.first.notified().await;
            tokio::time::sleep(pause).await;
            pause = match self.write_events().await {
                Ok(()) => PAUSE,
                Err(error) => {
                    tracing::warn!(%error, "events were not written; they wait");
                    (pause * 2).min(LONGEST_PAUSE)
                }
            };
        }
    }

    /// What is kept of the events that were written.
    #[must_use]
    pub fn event_bounds(&self) -> EventBounds {
        EventBounds::new(&self.config.events, self.clock.now())
    }

    /// What waits, and for each origin an event for those that were lost.
    fn take(&self) -> Vec<(Origin, Event)> {
        let mut waiting = self.events.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let Waiting { lists, lost } = std::mem::take(&mut *waiting);
        drop(waiting);
        let mut events = Vec::with_capacity(lists.iter().map(Vec::len).sum());
        for ((origin, list), lost) in Origin::ALL.iter().zip(lists).zip(lost) {
            events.extend(list.into_iter().map(|event| (*origin, event)));
            if lost > 0 {
                let event = Event { count: lost, ..self.event(EventKind::Lost, Actor::Nobody) };
                events.push((*origin, event));
            }
        }
        events
    }

    fn put_back(&self, events: Vec<(Origin, Event)>) {
        let mut waiting = self.events.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let since = std::mem::take(&mut *waiting);
        for (origin, event) in events {
            waiting.add_to(origin, event);
        }
        for ((origin, list), lost) in Origin::ALL.iter().zip(since.lists).zip(since.lost) {
            for event in list {
                waiting.add_to(*origin, event);
            }
            waiting.lose(*origin, lost);
        }
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.lists.iter().all(Vec::is_empty)
    }

    fn add(&mut self, event: Event) {
        let origin = event.origin();
        let same = match origin {
            Origin::Strangers => self.lists[origin as usize].iter_mut().rev().find(|old| old.is_like(&event)),
            Origin::Users | Origin::Administrators => None,
        };
        match same {
            Some(old) => old.count = old.count.saturating_add(1),
            None => self.add_to(origin, event),
        }
    }

    fn add_to(&mut self, origin: Origin, event: Event) {
        let list = &mut self.lists[origin as usize];
        if event.kind == EventKind::Lost || list.len() >= ROOM[origin as usize] {
            self.lose(origin, event.count);
        } else {
            list.push(event);
        }
    }

    fn lose(&mut self, origin: Origin, count: u32) {
        let lost = &mut self.lost[origin as usize];
        *lost = lost.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::{Cause, RecordId};

    fn failure(n: usize) -> Event {
        let event = Event::new(Timestamp::UNIX_EPOCH, EventKind::LoginFailed, Actor::Nobody);
        event.because(Cause::Unknown).about(n.to_string())
    }

    #[test]
    fn a_flood_of_failures_takes_no_room_from_others() {
        let mut waiting = Waiting::default();
        for n in 0..1_000 {
            waiting.add(failure(n));
        }
        let user = Actor::User(RecordId::parse("qs1c5qev8o3hjvu").unwrap());
        waiting.add(Event::new(Timestamp::UNIX_EPOCH, EventKind::Login, user));
        assert_eq!(waiting.lists.map(|list| list.len()), [ROOM[0], 1, 0]);
        assert_eq!(waiting.lost, [1_000 - u32::try_from(ROOM[0]).unwrap(), 0, 0]);
    }

    #[test]
    fn equal_failures_are_one_event_with_a_count() {
        let mut waiting = Waiting::default();
        for n in [1, 2, 1, 1] {
            waiting.add(failure(n));
        }
        let counts: Vec<_> =
            waiting.lists[0].iter().map(|event| (event.subject.clone(), event.count)).collect();
        assert_eq!(counts, [("1".to_owned(), 3), ("2".to_owned(), 1)]);
    }
}
