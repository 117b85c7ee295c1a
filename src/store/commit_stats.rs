//! Metrics of commits, the same on each engine.

use std::time::Duration;

use crate::metrics::{self, Counter, Histogram, Metrics};

/// Bounds of how many jobs share a commit.
const JOBS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0];

/// Metrics of commits.
pub struct CommitStats {
    jobs: Histogram,
    committed: Histogram,
    failed: Counter,
}

impl CommitStats {
    pub(super) fn new() -> Self {
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
        }
    }

    pub(super) fn register(&self, metrics: &Metrics) {
        metrics.register(&self.jobs);
        metrics.register(&self.committed);
        metrics.register(&self.failed);
    }

    /// Records a transaction of so many jobs.
    pub(super) fn record(&self, jobs: usize, took: Duration, is_committed: bool) {
        self.jobs
            .observe(f64::from(u32::try_from(jobs).unwrap_or(u32::MAX)));
        self.committed.observe(took.as_secs_f64());
        if !is_committed {
            self.failed.inc();
        }
    }
}
