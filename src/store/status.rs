//! Status of the store: counts, whether it takes writes, metrics.

use super::handle::Engine;
use super::{Error, Store};
use crate::metrics::Metrics;

impl Store {
    /// Counts the users: exact, and as fast for ten million as for ten.
    pub async fn count_users(&self) -> Result<u64, Error> {
        match &self.engine {
            Engine::File(file) => file.count_users(),
            Engine::Postgres(postgres) => postgres.count_users().await,
        }
    }

    /// Counts the users with an imported password hash that their next login replaces: exact, and O(1).
    pub async fn count_imported_hashes(&self) -> Result<u64, Error> {
        match &self.engine {
            Engine::File(file) => file.count_imported_hashes(),
            Engine::Postgres(postgres) => postgres.count_imported_hashes().await,
        }
    }

    /// Counts the companies: exact, and O(1).
    pub async fn count_companies(&self) -> Result<u64, Error> {
        match &self.engine {
            Engine::File(file) => file.count_companies(),
            Engine::Postgres(postgres) => postgres.count_companies().await,
        }
    }

    /// Counts the superusers: exact, and O(1).
    pub async fn count_superusers(&self) -> Result<u64, Error> {
        match &self.engine {
            Engine::File(file) => file.count_superusers(),
            Engine::Postgres(postgres) => postgres.count_superusers().await,
        }
    }

    /// Tells whether a write would succeed now. After a recent commit this costs nothing; otherwise it commits
    /// a mark of its own.
    pub async fn is_writable(&self) -> bool {
        match &self.engine {
            Engine::File(file) => file.is_writable().await,
            Engine::Postgres(postgres) => postgres.is_writable(),
        }
    }

    /// Counts the writes that wait for the next transaction.
    #[must_use]
    pub fn waiting_writes(&self) -> usize {
        match &self.engine {
            Engine::File(file) => file.waiting_writes(),
            Engine::Postgres(postgres) => postgres.waiting_writes(),
        }
    }

    /// Registers the metrics of commits.
    pub fn register_metrics(&self, metrics: &Metrics) {
        match &self.engine {
            Engine::File(file) => file.register_metrics(metrics),
            Engine::Postgres(postgres) => postgres.register_metrics(metrics),
        }
    }
}
