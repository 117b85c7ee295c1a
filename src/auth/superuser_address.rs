//! Addresses that superusers may come from.

use std::net::IpAddr;

use super::audit::AuditContext;
use crate::app::App;
use crate::domain::{Cause, EventKind, RecordId};
use crate::error::{Error, Result};

/// Refuses a superuser, or whoever wants to be one, who comes from an address that is not in `console.allow_ips`; `id` is the
/// superuser whose token was presented.
///
/// # Errors
/// [`Error::SuperuserAddress`].
pub fn ensure_superuser_address(
    app: &App,
    address: IpAddr,
    by: &AuditContext,
    id: Option<&RecordId>,
) -> Result<()> {
    if app.config.console.admits(address) {
        return Ok(());
    }
    let event = by
        .event(app, EventKind::SuperuserLoginFailed)
        .because(Cause::Address);
    app.audit(event.about(id.map(RecordId::as_str).unwrap_or_default()));
    Err(Error::SuperuserAddress)
}
