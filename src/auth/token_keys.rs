//! Keys that tokens are encrypted with: the newest makes tokens, older ones verify those that they made.

use std::time::Duration;

use jiff::Timestamp;

use crate::app::App;
use crate::domain::ServerKey;
use crate::error::Result;
use crate::token;

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenKeyInfo {
    /// Its public name.
    pub id: String,
    /// Time at which it was made, and began to make tokens.
    pub created: Timestamp,
    /// Time at which the last of its tokens expires, but for those that a superuser took for longer by impersonation; `None`: it makes tokens.
    pub verifies_until: Option<Timestamp>,
}

/// All keys, oldest first.
///
/// # Errors
/// [`Error::Internal`].
pub async fn token_keys(app: &App) -> Result<Vec<TokenKeyInfo>> {
    let keys = app.store.token_keys().await?;
    let replaced = keys.iter().skip(1).map(|next| Some(next.created));
    let replaced = replaced.chain([None]);
    let lifetime = longest_lifetime(app);
    let keys = keys.iter().zip(replaced);
    let keys = keys.map(|(key, replaced)| TokenKeyInfo {
        id: token::key_id(key).unwrap_or_default(),
        created: key.created,
        verifies_until: replaced.map(|at| at.checked_add(lifetime).unwrap_or(Timestamp::MAX)),
    });
    Ok(keys.collect())
}

/// Adds a key for new tokens, and drops those whose tokens have all expired.
///
/// # Errors
/// [`Error::Internal`].
pub async fn rotate_token_key(app: &App) -> Result<()> {
    let created = app.clock.now();
    let secret = app.random.bytes()?;
    let oldest = created.checked_sub(longest_lifetime(app));
    let oldest = oldest.unwrap_or(Timestamp::MIN);
    let key = ServerKey { secret, created };
    app.store.add_token_key(key, oldest).await?;
    app.follow_state().await?;
    Ok(())
}

fn longest_lifetime(app: &App) -> Duration {
    let settings = &app.config.token;
    settings.lifetime.max(settings.superuser_lifetime)
}
