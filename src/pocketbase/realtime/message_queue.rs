//! Queue of the messages that are still to be sent to one subscriber.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// Bytes that may wait for one subscriber: a thousand users' records, which is as many as the store may commit at once.
/// One record may be larger than that by itself.
const MAX_BYTES: usize = 1024 * 1024;

/// Bytes that may wait for all subscribers together; the first message of each is not counted: a subscriber that takes what
/// comes is not disconnected for the sake of those that do not.
const MAX_TOTAL: usize = 24 * MAX_BYTES;

/// Number of bytes that wait for all subscribers.
#[derive(Clone, Default)]
pub struct TotalBytes(Arc<AtomicUsize>);

/// Messages for one subscriber, in order. When too many wait, all are dropped and the queue is closed.
pub struct MessageQueue {
    waiting: Mutex<Waiting>,
    changed: Notify,
    total: TotalBytes,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<String>,
    bytes: usize,
    is_closed: bool,
}

impl MessageQueue {
    /// Empty queue, whose bytes count to `total`.
    pub fn new(total: &TotalBytes) -> Self {
        Self {
            waiting: Mutex::default(),
            changed: Notify::new(),
            total: total.clone(),
        }
    }

    /// Adds a message. False when the queue is closed, because of this message or before.
    pub fn push(&self, message: String) -> bool {
        let mut waiting = self.waiting();
        if self.is_full(&waiting, message.len()) && !waiting.messages.is_empty() {
            self.clear(&mut waiting);
        }
        if !waiting.is_closed {
            self.add(&mut waiting, message);
        }
        let is_open = !waiting.is_closed;
        drop(waiting);
        self.changed.notify_one();
        is_open
    }

    /// Closes the queue and drops what waits in it.
    pub fn close(&self) {
        self.clear(&mut self.waiting());
        self.changed.notify_one();
    }

    /// Whether the queue is closed.
    pub fn is_closed(&self) -> bool {
        self.waiting().is_closed
    }

    /// Next message, once there is one; none when the queue is closed. Only one caller may wait for it.
    pub async fn next(&self) -> Option<String> {
        loop {
            let changed = self.changed.notified();
            {
                let mut waiting = self.waiting();
                if let Some(message) = self.take(&mut waiting) {
                    return Some(message);
                }
                if waiting.is_closed {
                    return None;
                }
            }
            changed.await;
        }
    }

    fn is_full(&self, waiting: &Waiting, size: usize) -> bool {
        waiting.bytes + size > MAX_BYTES || self.total.0.load(Ordering::Relaxed) + size > MAX_TOTAL
    }

    fn add(&self, waiting: &mut Waiting, message: String) {
        waiting.bytes += message.len();
        self.total.0.fetch_add(message.len(), Ordering::Relaxed);
        waiting.messages.push_back(message);
    }

    fn take(&self, waiting: &mut Waiting) -> Option<String> {
        let message = waiting.messages.pop_front()?;
        waiting.bytes -= message.len();
        self.total.0.fetch_sub(message.len(), Ordering::Relaxed);
        Some(message)
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

impl Drop for MessageQueue {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_come_in_order_whether_they_are_waited_for_or_not() {
        let total = TotalBytes::default();
        let queue = MessageQueue::new(&total);
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
        let total = TotalBytes::default();
        let queue = MessageQueue::new(&total);
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
        let total = TotalBytes::default();
        let half = || "x".repeat(MAX_BYTES / 2);
        let queues: Vec<_> = (0..48).map(|_| MessageQueue::new(&total)).collect();
        assert!(queues.iter().all(|queue| queue.push(half())));
        assert_eq!(total.0.load(Ordering::Relaxed), MAX_TOTAL);
        let kept = queues.iter().filter(|queue| queue.push(half())).count();
        assert_eq!((kept, total.0.load(Ordering::Relaxed)), (24, MAX_TOTAL));
        assert!(MessageQueue::new(&total).push(half()));
        drop(queues);
        assert_eq!(total.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn one_message_may_be_larger_than_the_bound_of_one_subscriber() {
        let queue = MessageQueue::new(&TotalBytes::default());
        assert!(queue.push("x".repeat(2 * MAX_BYTES)));
        assert!(!queue.push("x".into()));
    }
}
