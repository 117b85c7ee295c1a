//! Where the time comes from: the system, or a hand-moved clock in tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

/// A source of wall-clock time in milliseconds, cheap to clone.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that moves only when a test moves it; the value is Unix milliseconds.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(now: Timestamp) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(now.as_millisecond())))
    }

    /// The time now, cut to whole milliseconds (the resolution that we store and show).
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The time now in Unix milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
            Self::System => Timestamp::now().as_millisecond(),
            Self::Manual(ms) => ms.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock by `by`; the system's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(ms) = self {
            ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Waits until it is `time`, which is soon; a manual clock is moved there.
    pub fn wait_until(&self, time: Timestamp) {
        match self {
            Self::System => {
                while self.now() < time {
                    thread::sleep(Duration::from_micros(200));
                }
            }
            Self::Manual(ms) => {
                ms.fetch_max(time.as_millisecond(), Ordering::SeqCst);
            }
        }
    }
}
