//! Revocation of tokens.

use super::audit::AuditContext;
use super::new_user::new_token_key;
use crate::app::App;
use crate::domain::EventKind;
use crate::error::{Error, Result};
use crate::store::{Record, SuperuserUpdate, UserUpdate, Write};

/// Ends all tokens of a user or a superuser; after a new login there are new ones. Companies have none.
///
/// # Errors
/// Only errors of ours; also when the record is gone meanwhile.
pub async fn revoke_tokens(app: &App, by: &AuditContext, record: &Record) -> Result<()> {
    let (id, token_key) = (record.id().clone(), Some(new_token_key(app)?));
    let write = match record {
        Record::User(_) => Write::UpdateUser(
            id,
            Box::new(UserUpdate {
                token_key,
                ..UserUpdate::default()
            }),
        ),
        Record::Superuser(_) => Write::UpdateSuperuser(
            id,
            SuperuserUpdate {
                token_key,
                ..SuperuserUpdate::default()
            },
        ),
        Record::Company(_) => return Ok(()),
    };
    let written = app.store.write(vec![write], app.clock.now()).await?;
    written.map_err(|(_, conflict)| {
        Error::internal(format!("tokens were not revoked: {conflict:?}"))
    })?;
    app.audit(
        by.event(app, EventKind::TokenRevoke)
            .about(record.id().as_str()),
    );
    Ok(())
}
