//! Metrics of the connections to PostgreSQL.

use tokio_postgres::Error;

use crate::metrics::{self, Counter, Counters, Gauge, Metrics};
use crate::store::commit_stats::CommitStats;

/// Metrics of the connections to PostgreSQL.
pub struct Stats {
    /// Of commits.
    pub commits: CommitStats,
    retries: Counters,
    /// Commits whose outcome was not known when their connection was lost.
    pub unknown: Counter,
    /// Statements that are being asked.
    pub asking: Gauge,
    /// Connections by use.
    pub leaders: Counter,
}

impl Stats {
    pub fn new() -> Self {
        Self {
            commits: CommitStats::new(),
            retries: metrics::counters(
                "bai_postgres_retries_total",
                "Statements and transactions that were sent again, by the SQLSTATE that they met; \"connection\": it was lost.",
                &["code"],
            ),
            unknown: metrics::counter(
                "bai_postgres_unknown_outcomes_total",
                "Commits whose connection was lost before their answer came; each was looked for afterwards.",
            ),
            asking: metrics::gauge(
                "bai_postgres_reads",
                "Statements that are being asked, on all connections for reads.",
            ),
            leaders: metrics::counter(
                "bai_postgres_leaders_total",
                "How often a primary was found: once at the start, and after each failover or lost connection.",
            ),
        }
    }

    pub fn register(&self, metrics: &Metrics) {
        self.commits.register(metrics);
        metrics.register(&self.retries);
        metrics.register(&self.unknown);
        metrics.register(&self.asking);
        metrics.register(&self.leaders);
    }

    /// Counts what is sent again after an error.
    pub fn retried(&self, error: &Error) {
        let code = error.code().map_or("connection", |code| code.code());
        self.retries.with_label_values(&[code]).inc();
    }
}
