//! Calls on threads of their own: a receiver that hangs holds up none of those that serve requests or ask WeChat.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use super::exchange::Way;
use super::line::Attempt;
use super::message::Signed;
use super::outcome::{Outcome, Trouble};

/// A call that ended.
pub struct Finished {
    /// The message.
    pub attempt: Attempt,
    /// The outcome.
    pub outcome: Outcome,
    /// Time that the receiver took.
    pub took: Duration,
    /// Number of the database from which the message came.
    pub generation: usize,
}

/// Sends the message on a new thread; whoever has `finished` hears of the end. The caller bounds how many there are.
pub fn start(
    way: &Way,
    attempt: Attempt,
    message: Signed,
    generation: usize,
    finished: &UnboundedSender<Finished>,
) {
    let ending = Arc::new((attempt, finished.clone()));
    let (on_thread, way) = (Arc::clone(&ending), way.clone());
    let started = thread::Builder::new()
        .name("webhook".to_owned())
        .spawn(move || {
            let began = Instant::now();
            let outcome = way.send(&message);
            end(&on_thread, outcome, began.elapsed(), generation);
        });
    if started.is_err() {
        let outcome = Outcome::Failed(Trouble::NoThread, None);
        end(&ending, outcome, Duration::ZERO, generation);
    }
}

/// Nobody listens any more once the server has stopped.
fn end(
    (attempt, finished): &(Attempt, UnboundedSender<Finished>),
    outcome: Outcome,
    took: Duration,
    generation: usize,
) {
    let _ = finished.send(Finished {
        attempt: attempt.clone(),
        outcome,
        took,
        generation,
    });
}
