//! Counters of password hashing.

use std::time::Instant;

use crate::metrics::{self, Counter, Gauge, Histogram, Metrics};

/// Bounds in seconds: one hash takes a tenth of one, and a full queue some.
const SECONDS: [f64; 9] = [0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4];

pub struct Stats {
    waiting: Gauge,
    running: Gauge,
    refused: Counter,
    waited: Histogram,
    worked: Histogram,
    places: usize,
}

/// One that waits until this is dropped.
pub struct Waiting {
    waiting: Gauge,
    since: Instant,
}

/// One that runs until this is dropped.
pub struct Running {
    running: Gauge,
    worked: Histogram,
    since: Instant,
}

impl Stats {
    pub fn new(places: usize) -> Self {
        Self {
            waiting: metrics::gauge("bai_password_waiting", "Passwords that wait for a thread."),
            running: metrics::gauge("bai_password_running", "Passwords that are being hashed."),
            refused: metrics::counter(
                "bai_password_refused_total",
                "Passwords that found the queue full; their requests were answered 429.",
            ),
            waited: metrics::histogram(
                "bai_password_wait_seconds",
                "How long passwords waited for a thread.",
                &SECONDS,
            ),
            worked: metrics::histogram(
                "bai_password_hash_seconds",
                "How long a hash took.",
                &SECONDS,
            ),
            places,
        }
    }

    pub fn register_metrics(&self, metrics: &Metrics) {
        metrics.register(&self.waiting);
        metrics.register(&self.running);
        metrics.register(&self.refused);
        metrics.register(&self.waited);
        metrics.register(&self.worked);
        let places = u64::try_from(self.places).unwrap_or(u64::MAX);
        metrics.set(
            "bai_password_queue_places",
            "Passwords that may wait: password.queue.",
            places,
        );
    }

    pub fn refuse(&self) {
        self.refused.inc();
    }

    pub fn wait(&self) -> Waiting {
        self.waiting.inc();
        Waiting {
            waiting: self.waiting.clone(),
            since: Instant::now(),
        }
    }

    pub fn run(&self, waiting: Waiting) -> Running {
        self.waited.observe(waiting.since.elapsed().as_secs_f64());
        drop(waiting);
        self.running.inc();
        Running {
            running: self.running.clone(),
            worked: self.worked.clone(),
            since: Instant::now(),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.waiting.dec();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.running.dec();
        self.worked.observe(self.since.elapsed().as_secs_f64());
    }
}
