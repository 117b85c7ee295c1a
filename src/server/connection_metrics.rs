//! Metrics of open connections.

use crate::metrics::{Gauge, Metrics, gauge};

/// Number of open connections.
pub struct Connections(Gauge);

/// A connection that is open until this is dropped.
pub struct Open(Gauge);

impl Connections {
    pub fn new() -> Self {
        Self(gauge("bai_http_connections", "Open connections."))
    }

    pub fn open(&self) -> Open {
        self.0.inc();
        Open(self.0.clone())
    }

    /// Shows how many are open, of so many at `most`.
    pub fn register_metrics(&self, metrics: &Metrics, most: usize) {
        metrics.register(&self.0);
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        metrics.set(
            "bai_http_connections_max",
            "Connections that may be open: server.max_connections.",
            most,
        );
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}
