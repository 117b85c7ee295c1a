//! Tokens of others, for superusers.

use std::time::Duration;

use super::audit::AuditContext;
use super::authenticate::{Caller, Principal};
use super::tokens::token_for_others;
use crate::app::App;
use crate::domain::EventKind;
use crate::error::Result;
use crate::token::Maker;

/// The longest life of a token that a superuser asks for.
const MAX_LIFETIME: Duration = Duration::from_hours(100 * 365 * 24);

/// A token of `who` for `caller`, a superuser, for which no new one can be had; it lives as long as any other if no lifetime is
/// given, and ends with the caller's own tokens: when those are revoked, the password changes, or the superuser is removed.
///
/// # Errors
/// Only errors of ours.
pub fn impersonate(
    app: &App,
    by: &AuditContext,
    caller: &Caller,
    who: &Principal,
    lifetime: Option<Duration>,
) -> Result<String> {
    let usual = match who {
        Principal::User(_) => app.config.token.lifetime,
        Principal::Superuser(_) => app.config.token.superuser_lifetime,
    };
    let lifetime = lifetime.unwrap_or(usual).min(MAX_LIFETIME);
    let token = token_for_others(app, who, lifetime, &makers(caller))?;
    let event = by
        .event(app, EventKind::Impersonation)
        .about(who.id().as_str());
    app.audit(event.detail(format!("for {} s", lifetime.as_secs())));
    Ok(token)
}

/// The caller, and, if the caller's token was taken by impersonation, those who took it.
fn makers(caller: &Caller) -> Vec<Maker> {
    let own = Maker::new(caller.who.id(), caller.who.token_key());
    let mut makers = caller.makers.clone();
    if !makers.contains(&own) {
        makers.push(own);
    }
    makers
}
