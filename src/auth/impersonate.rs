//! Impersonation: tokens of others, for superusers.

use std::time::Duration;

use super::audit::AuditContext;
use super::principal::{Authentication, Principal};
use super::tokens::impersonation_token;
use crate::app::App;
use crate::domain::EventKind;
use crate::error::Result;
use crate::token::Impersonator;

/// The longest life of a token that a superuser asks for.
const MAX_LIFETIME: Duration = Duration::from_hours(100 * 365 * 24);

/// A token of `principal` for `caller`, a superuser. It cannot be refreshed, lives as long as any other if no lifetime is given,
/// and ends with the caller's own tokens: when those are revoked, the password changes, or the superuser is removed.
pub fn impersonate(
    app: &App,
    by: &AuditContext,
    caller: &Authentication,
    principal: &Principal,
    lifetime: Option<Duration>,
) -> Result<String> {
    let usual = match principal {
        Principal::User(_) => app.config.token.lifetime,
        Principal::Superuser(_) => app.config.token.superuser_lifetime,
    };
    let lifetime = lifetime.unwrap_or(usual).min(MAX_LIFETIME);
    let token = impersonation_token(app, principal, lifetime, &impersonators(caller))?;
    let event = by
        .event(app, EventKind::Impersonation)
        .about(principal.id().as_str());
    app.audit(event.detail(format!("for {} s", lifetime.as_secs())));
    Ok(token)
}

/// The caller, and, if the caller's token was taken by impersonation, those who took it.
fn impersonators(caller: &Authentication) -> Vec<Impersonator> {
    let own = Impersonator::new(caller.principal.id(), caller.principal.token_key());
    let mut impersonators = caller.impersonators.clone();
    if !impersonators.contains(&own) {
        impersonators.push(own);
    }
    impersonators
}
