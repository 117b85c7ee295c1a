//! Metrics of the connections to PostgreSQL.

use tokio_postgres::Error;

use crate::metrics::{self, Counter, Counters, Gauge, Histogram, Metrics};

/// Bounds of how many jobs share a commit.
const JOBS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0];

/// Metrics of the connections to PostgreSQL.
pub struct Stats {
    jobs: Histogram,
    committed: Histogram,
    failed: Counter,
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
            jobs: metrics::histogram(
                "bai_store_commit_jobs",
                "How many jobs shared a commit.",
                &JOBS,
            ),
            committed: metrics::histogram(
                "bai_store_commit_seconds",
                "How long a transaction took, from its first job to its commit.",
                &metrics::SECONDS,
            ),
            failed: metrics::counter(
                "bai_store_commit_failures_total",
                "Transactions that failed: nothing of them was stored, as far as is known.",
            ),
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
        metrics.register(&self.jobs);
        metrics.register(&self.committed);
        metrics.register(&self.failed);
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

    /// Records a transaction.
    pub fn record(&self, jobs: usize, took: std::time::Duration, is_committed: bool) {
        self.jobs
            .observe(f64::from(u32::try_from(jobs).unwrap_or(u32::MAX)));
        self.committed.observe(took.as_secs_f64());
        if !is_committed {
            self.failed.inc();
        }
    }
}
