//! Accounts: records that have a password.

use crate::app::App;
use crate::domain::{RecordId, Superuser, User};

/// Record whose password is tried.
pub(super) trait Account {
    fn id(&self) -> &RecordId;

    fn password_hash(&self) -> Option<String>;

    /// Stores a hash of today's cost. A login does not fail because that failed; the next one tries again.
    async fn renew_hash(&self, app: &App, new_hash: String);
}

impl Account for User {
    fn id(&self) -> &RecordId {
        &self.id
    }

    fn password_hash(&self) -> Option<String> {
        self.password_hash.clone()
    }

    async fn renew_hash(&self, app: &App, new_hash: String) {
        let old_hash = self.password_hash.clone().unwrap_or_default();
        let renewed = app
            .store
            .replace_password_hash(self.id.clone(), old_hash, new_hash)
            .await;
        if let Err(error) = renewed {
            tracing::warn!(%error, user = %self.id, "a password hash was not renewed");
        }
    }
}

impl Account for Superuser {
    fn id(&self) -> &RecordId {
        &self.id
    }

    fn password_hash(&self) -> Option<String> {
        Some(self.password_hash.clone())
    }

    async fn renew_hash(&self, app: &App, new_hash: String) {
        let renewed = app
            .store
            .replace_superuser_hash(self.id.clone(), self.password_hash.clone(), new_hash)
            .await;
        if let Err(error) = renewed {
            tracing::warn!(%error, superuser = %self.id, "a password hash was not renewed");
        }
    }
}
