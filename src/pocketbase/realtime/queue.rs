//! What waits to be sent to one subscriber.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// The most bytes that wait for one subscriber: a thousand users' records, which is as many as the store may commit at once.
/// One record may be larger than that by itself.
const MAX_BYTES: usize = 1024 * 1024;

/// The most bytes that wait for all subscribers together, but that the first message of each is not counted: whoever takes what
/// comes is not cut for the sake of those who do not.
const MAX_TOTAL: usize = 24 * MAX_BYTES;

/// How many bytes wait for all subscribers.
#[derive(Clone, Default)]
pub struct Total(Arc<AtomicUsize>);

/// Messages for one subscriber, in order. Who lets too many wait gets none of them, and no more.
pub struct Queue {
    waiting: Mutex<Waiting>,
    came: Notify,
    total: Total,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<String>,
    bytes: usize,
    is_closed: bool,
}

impl Queue {
    pub fn new(total: &Total) -> Self {
        Self {
            waiting: Mutex::default(),
            came: Notify::new(),
            total: total.clone(),
        }
    }

    /// Adds a message; false when the subscriber is given up, now or before.
    pub fn push(&self, message: String) -> bool {
        let mut waiting = self.waiting();
        let size = message.len();
        let is_full = waiting.bytes + size > MAX_BYTES
            || self.total.0.load(Ordering::Relaxed) + size > MAX_TOTAL;
        if is_full && !waiting.messages.is_empty() {
            self.clear(&mut waiting);
        }
        if !waiting.is_closed {
            waiting.bytes += size;
            self.total.0.fetch_add(size, Ordering::Relaxed);
            waiting.messages.push_back(message);
        }
        let is_open = !waiting.is_closed;
        drop(waiting);
        self.came.notify_one();
        is_open
    }

    /// Gives the subscriber up.
    pub fn close(&self) {
        self.clear(&mut self.waiting());
        self.came.notify_one();
    }

    /// Whether the subscriber was given up.
    pub fn is_closed(&self) -> bool {
        self.waiting().is_closed
    }

    /// The next message, once there is one; nothing when the subscriber was given up. Only one may wait for it.
    pub async fn next(&self) -> Option<String> {
        loop {
            let came = self.came.notified();
            {
                let mut waiting = self.waiting();
                if let Some(message) = waiting.messages.pop_front() {
                    waiting.bytes -= message.len();
                    self.total.0.fetch_sub(message.len(), Ordering::Relaxed);
                    return Some(message);
                }
                if waiting.is_closed {
                    return None;
                }
            }
            came.await;
        }
    }

    fn clear(&self, waiting: &mut Waiting) {
        self.total.0.fetch_sub(waiting.bytes, Ordering::Relaxed);
        *waiting = Waiting {
            is_closed: true,
            ..Waiting::default()
        };
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_come_in_order_whether_they_are_waited_for_or_not() {
        let total = Total::default();
        let queue = Queue::new(&total);
        for n in 0..3 {
            assert!(queue.push(n.to_string()));
        }
        for n in 0..3 {
            assert_eq!(queue.next().await, Some(n.to_string()));
        }
        let waits = async { queue.next().await };
        let pushes = async { assert!(queue.push("late".into())) };
        assert_eq!(tokio::join!(waits, pushes).0.as_deref(), Some("late"));
        assert_eq!(
            (queue.waiting().bytes, total.0.load(Ordering::Relaxed)),
            (0, 0)
        );
    }

    /// Bytes are counted, because neither the number of messages nor the process's memory says what one subscriber costs.
    #[tokio::test]
    async fn who_takes_nothing_costs_no_more_than_the_bound_and_then_nothing() {
        const SIZE: usize = 900;
        let total = Total::default();
        let queue = Queue::new(&total);
        let (mut most, mut taken) = (0, 0);
        for _ in 0..10_000 {
            taken += usize::from(queue.push("x".repeat(SIZE)));
            let waiting = queue.waiting();
            assert_eq!(
                waiting.bytes,
                waiting.messages.iter().map(String::len).sum::<usize>()
            );
            assert_eq!(waiting.bytes, total.0.load(Ordering::Relaxed));
            most = most.max(waiting.bytes);
        }
        assert_eq!((taken, most), (MAX_BYTES / SIZE, MAX_BYTES / SIZE * SIZE));
        assert_eq!(queue.waiting().messages.capacity(), 0);
        assert_eq!(queue.next().await, None);
    }

    #[test]
    fn all_together_cost_no_more_than_their_bound_and_nothing_when_they_are_gone() {
        let total = Total::default();
        let half = || "x".repeat(MAX_BYTES / 2);
        let queues: Vec<_> = (0..48).map(|_| Queue::new(&total)).collect();
        assert!(queues.iter().all(|queue| queue.push(half())));
        assert_eq!(total.0.load(Ordering::Relaxed), MAX_TOTAL);
        let kept = queues.iter().filter(|queue| queue.push(half())).count();
        assert_eq!((kept, total.0.load(Ordering::Relaxed)), (24, MAX_TOTAL));
        assert!(Queue::new(&total).push(half()));
        drop(queues);
        assert_eq!(total.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn one_message_may_be_larger_than_the_bound_of_one_subscriber() {
        let queue = Queue::new(&Total::default());
        assert!(queue.push("x".repeat(2 * MAX_BYTES)));
        assert!(!queue.push("x".into()));
    }
}
