//! Seats of connections. When places are short, the connection that has been idle for longest gives up its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::requests::Requests;
use crate::fair::Share;
use crate::limits::Source;

/// The seats that are taken, by number.
#[derive(Clone, Default)]
pub struct Seats(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    next: u64,
    seats: BTreeMap<u64, Arc<Seat>>,
}

struct Seat {
    /// Nothing for a proxy.
    source: Option<Source>,
    requests: Requests,
    share: Mutex<Option<Share<Source>>>,
    is_given_up: AtomicBool,
    given_up: Notify,
}

/// The place of a connection, until it is dropped: the share first, so that whoever gets the permit finds it.
pub struct Place {
    number: u64,
    seat: Arc<Seat>,
    seats: Seats,
    _permit: OwnedSemaphorePermit,
}

impl Seats {
    /// Seats a connection.
    pub fn seat(
        &self,
        source: Option<Source>,
        share: Option<Share<Source>>,
        permit: OwnedSemaphorePermit,
    ) -> Place {
        let seat = Arc::new(Seat {
            source,
            requests: Requests::new(),
            share: Mutex::new(share),
            is_given_up: AtomicBool::new(false),
            given_up: Notify::new(),
        });
        let mut taken = self.0.lock();
        let number = taken.next;
        taken.next += 1;
        taken.seats.insert(number, Arc::clone(&seat));
        Place {
            number,
            seat,
            seats: self.clone(),
            _permit: permit,
        }
    }

    /// Has the connection of `source` (of anybody, if there is none) that has been idle for longest give up its place: its share at
    /// once, and the rest when it is closed. A proxy may be about to send on any of its connections, and comes last.
    pub fn give_up_idle(&self, source: Option<Source>) {
        let taken = self.0.lock();
        let candidates = taken.seats.values().filter_map(|seat| {
            let is_meant = source.is_none() || seat.source == source;
            is_meant
                .then(|| seat.idle_since())
                .flatten()
                .map(|since| (seat, since))
        });
        let longest = candidates.min_by_key(|(seat, since)| (seat.source.is_none(), *since));
        if let Some((seat, _)) = longest {
            seat.is_given_up.store(true, Ordering::Relaxed);
            seat.share.lock().take();
            seat.given_up.notify_one();
        }
    }
}

impl Seat {
    fn idle_since(&self) -> Option<Instant> {
        let is_given_up = self.is_given_up.load(Ordering::Relaxed);
        self.requests.idle_since().filter(|_| !is_given_up)
    }
}

impl Place {
    /// The requests of the connection.
    pub fn requests(&self) -> &Requests {
        &self.seat.requests
    }

    /// Ready when the connection has given up its place.
    pub async fn given_up(&self) {
        self.seat.given_up.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.seats.0.lock().seats.remove(&self.number);
    }
}
