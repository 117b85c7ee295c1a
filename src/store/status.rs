//! Status of the store: counts, whether it takes writes, metrics.

use super::{Error, Store};
use crate::metrics::Metrics;

impl Store {
    /// Counts the users: exact, and as fast for ten million as for ten.
    pub async fn count_users(&self) -> Result<u64, Error> {
        self.engine().count_users()
    }

    /// Counts the users with an imported password hash that their next login replaces: exact, and O(1).
    pub async fn count_imported_hashes(&self) -> Result<u64, Error> {
        self.engine().count_imported_hashes()
    }

    /// Counts the companies: exact, and O(1).
    pub async fn count_companies(&self) -> Result<u64, Error> {
        self.engine().count_companies()
    }

    /// Counts the superusers: exact, and O(1).
    pub async fn count_superusers(&self) -> Result<u64, Error> {
        self.engine().count_superusers()
    }

    /// Tells whether a write would succeed now. After a recent commit this costs nothing; otherwise it commits
    /// a mark of its own.
    pub async fn is_writable(&self) -> bool {
        self.engine().is_writable().await
    }

    /// Counts the writes that wait for the next transaction.
    #[must_use]
    pub fn waiting_writes(&self) -> usize {
        self.engine().waiting_writes()
    }

    /// Registers the metrics of commits.
    pub fn register_metrics(&self, metrics: &Metrics) {
        self.engine().register_metrics(metrics);
    }
}
