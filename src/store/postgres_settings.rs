//! Settings of a database on PostgreSQL.

use crate::config::{self, Url};

/// Settings of a database on PostgreSQL.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Its URL, with one host or several.
    pub url: Url,
    /// Whether it has to have a synchronous standby.
    pub require_sync: bool,
    /// Connections for lookups.
    pub connections: usize,
}

impl PostgresSettings {
    /// The configured ones; nothing if the database is a file.
    #[must_use]
    pub fn of(settings: &config::Store) -> Option<Self> {
        settings.is_on_postgres().then(|| Self {
            url: settings.url.clone(),
            require_sync: settings.require_sync,
            connections: settings.connections,
        })
    }
}
