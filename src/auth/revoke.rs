//! Revocation of tokens.

use super::audit::AuditContext;
use super::new_user::new_token_key;
use super::update::update;
use crate::app::App;
use crate::domain::{EventKind, Kind, Superuser, User};
use crate::error::Result;
use crate::store::Record;

/// Ends all tokens of a user or a superuser; after a new login there are new ones. Companies have none.
///
/// # Errors
/// [`crate::error::Error::Internal`], also when the record is gone meanwhile.
pub async fn revoke_tokens(app: &App, by: &AuditContext, record: &Record) -> Result<()> {
    let token_key = new_token_key(app)?;
    let now = app.clock.now();
    match record {
        Record::User(User { id, .. }) => {
            let revoked = |user| User {
                token_key: token_key.clone(),
                updated: now,
                ..user
            };
            update(&app.store, Kind::Users, id, revoked).await?;
        }
        Record::Superuser(Superuser { id, .. }) => {
            let revoked = |superuser| Superuser {
                token_key: token_key.clone(),
                updated: now,
                ..superuser
            };
            update(&app.store, Kind::Superusers, id, revoked).await?;
        }
        Record::Company(_) => return Ok(()),
    }
    app.audit(
        by.event(app, EventKind::TokenRevoke)
            .about(record.id().as_str()),
    );
    Ok(())
}
