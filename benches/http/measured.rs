//! What a closed loop did.

use std::time::Duration;

/// Every operation that was begun is in it.
pub struct Measured {
    elapsed: Duration,
    latencies: Vec<Duration>,
}

impl Measured {
    pub fn new(elapsed: Duration, mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        Self { elapsed, latencies }
    }

    /// Operations a second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that `percent` of the operations do not exceed, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.latencies.len() * percent)
            .div_ceil(100)
            .saturating_sub(1);
        self.latencies
            .get(rank)
            .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}
