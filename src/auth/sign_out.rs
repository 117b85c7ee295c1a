//! Sign-out: the end of one token.

use super::audit::AuditContext;
use super::principal::Authentication;
use super::revoke::revoke_tokens;
use crate::app::App;
use crate::domain::EventKind;
use crate::error::Result;

/// Ends the caller's token and no other one; all of the caller's when there is no room to remember this one.
///
/// # Errors
/// [`crate::error::Error::Internal`].
pub async fn sign_out(app: &App, by: &AuditContext, caller: Authentication) -> Result<()> {
    let now = app.clock.now();
    let is_ended = match caller.token {
        Some(token) => app.store.end_token(token, now).await?,
        None => false,
    };
    let Some(token) = caller.token.filter(|_| is_ended) else {
        return revoke_tokens(app, by, &caller.principal.into()).await;
    };
    app.tokens.ended.add(token, now);
    let event = by.event(app, EventKind::TokenRevoke);
    app.audit(
        event
            .about(caller.principal.id().as_str())
            .detail("sign-out"),
    );
    Ok(())
}
