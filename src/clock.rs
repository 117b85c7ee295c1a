//! Source of the time: the system, or a hand-moved clock in tests.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The zero of the system's steady time: when it was first asked for.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A source of time in milliseconds, cheap to clone: of wall time, which somebody may set, and of steady time, which only
/// goes on, as fast as time does.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that moves only when a test moves it.
    Manual(Arc<Manual>),
}

/// The times of a hand-moved clock.
#[derive(Debug)]
pub struct Manual {
    /// Unix milliseconds.
    wall_ms: AtomicI64,
    /// Milliseconds since the clock was made.
    steady_ms: AtomicI64,
}

impl Clock {
    /// A clock that stands at `now` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual(now: Timestamp) -> Self {
        let wall_ms = AtomicI64::new(now.as_millisecond());
        Self::Manual(Arc::new(Manual {
            wall_ms,
            steady_ms: AtomicI64::new(0),
        }))
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
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that asks the system"
            )]
            Self::System => Timestamp::now().as_millisecond(),
            Self::Manual(manual) => manual.wall_ms.load(Ordering::SeqCst),
        }
    }

    /// Milliseconds since a moment of this process, for whatever lasts so long or waits so long: no setting of the clock
    /// makes it longer or shorter.
    #[must_use]
    pub fn steady_ms(&self) -> i64 {
        match self {
            Self::System => i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX / 4),
            Self::Manual(manual) => manual.steady_ms.load(Ordering::SeqCst),
        }
    }

    /// Lets `by` pass on a manual clock; the system's stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(manual) = self {
            manual.pass(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
        }
    }

    /// Sets the wall time of a manual clock, as somebody may set a machine's: no time passes.
    pub fn set(&self, now: Timestamp) {
        if let Self::Manual(manual) = self {
            manual.wall_ms.store(now.as_millisecond(), Ordering::SeqCst);
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
            Self::Manual(manual) => manual.pass((time.as_millisecond() - self.now_ms()).max(0)),
        }
    }
}

impl Manual {
    fn pass(&self, ms: i64) {
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.steady_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_time_goes_on_whatever_the_clock_is_set_to() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(2));
        clock.set(Timestamp::from_second(-30_000).unwrap());
        clock.advance(Duration::from_secs(1));
        assert_eq!((clock.steady_ms(), clock.now_ms()), (3_000, -29_999_000));
        let before = Clock::System.steady_ms();
        thread::sleep(Duration::from_millis(20));
        assert!((20..20_000).contains(&(Clock::System.steady_ms() - before)));
    }
}
