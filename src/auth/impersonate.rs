//! Tokens of others, for superusers.

use std::time::Duration;

use super::tokens::{issue_superuser_token, issue_user_token};
use super::{By, Who};
use crate::app::App;
use crate::domain::EventKind;
use crate::error::Result;

/// The longest life of a token that a superuser asks for.
const MAX_LIFETIME: Duration = Duration::from_hours(100 * 365 * 24);

/// A token of `who` for which no new one can be had; it lives as long as any other if no lifetime is given.
///
/// # Errors
/// Only errors of ours.
pub fn impersonate(app: &App, by: &By, who: &Who, lifetime: Option<Duration>) -> Result<String> {
    let config = &app.config.token;
    let or = |usual| lifetime.unwrap_or(usual).min(MAX_LIFETIME);
    let (token, lifetime) = match who {
        Who::User(user) => {
            let lifetime = or(config.lifetime);
            (issue_user_token(app, user, lifetime, false)?, lifetime)
        }
        Who::Superuser(superuser) => {
            let lifetime = or(config.superuser_lifetime);
            (issue_superuser_token(app, superuser, lifetime, false)?, lifetime)
        }
    };
    let event = by.event(app, EventKind::Impersonation).about(who.id().as_str());
    app.note(event.detail(format!("for {} s", lifetime.as_secs())));
    Ok(token)
}
