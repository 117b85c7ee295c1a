//! Ending somebody's tokens.

use super::update::update;
use super::{AuditContext, new_token_key};
use crate::app::App;
use crate::domain::{EventKind, Kind, Superuser, User};
use crate::error::Result;
use crate::store::Record;

/// Ends all tokens of a user or a superuser; who logs in again gets new ones. Companies have none.
///
/// # Errors
/// Only errors of ours; also when the record is gone meanwhile.
pub async fn revoke_tokens(app: &App, by: &AuditContext, whose: &Record) -> Result<()> {
    let token_key = new_token_key(app)?;
    let now = app.clock.now();
    match whose {
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
            .about(whose.id().as_str()),
    );
    Ok(())
}
