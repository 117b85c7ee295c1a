//! Tokens of others, for superusers.

use std::time::Duration;

use super::Who;
use super::tokens::{issue_superuser_token, issue_user_token};
use crate::app::App;
use crate::error::Result;

/// The longest life of a token that a superuser asks for.
const MAX_LIFETIME: Duration = Duration::from_hours(100 * 365 * 24);

/// A token of `who` for which no new one can be had; it lives as long as any other if no lifetime is given.
///
/// # Errors
/// Only errors of ours.
pub fn impersonate(app: &App, who: &Who, lifetime: Option<Duration>) -> Result<String> {
    let config = &app.config.token;
    let or = |usual| lifetime.unwrap_or(usual).min(MAX_LIFETIME);
    match who {
        Who::User(user) => issue_user_token(app, user, or(config.lifetime), false),
        Who::Superuser(superuser) => {
            issue_superuser_token(app, superuser, or(config.superuser_lifetime), false)
        }
    }
}
