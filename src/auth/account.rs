//! Accounts: records that have a password.

use crate::app::App;
use crate::domain::{RecordId, Superuser, User};
use crate::store::CommitError;

/// Record whose password is tried.
pub(super) trait Account {
    fn id(&self) -> &RecordId;

    fn password_hash(&self) -> Option<String>;

    /// Stores a hash of today's cost; `updated` stays, because the password is the same. A login does not fail because that
    /// failed, or because the record has changed; the next one tries again.
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
        let renewed = User {
            password_hash: Some(new_hash),
            ..self.clone()
        };
        if let Err(CommitError::Failed(error)) = app.store.update(self.clone(), renewed).await {
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
        let renewed = Superuser {
            password_hash: new_hash,
            ..self.clone()
        };
        if let Err(CommitError::Failed(error)) = app.store.update(self.clone(), renewed).await {
            tracing::warn!(%error, superuser = %self.id, "a password hash was not renewed");
        }
    }
}
