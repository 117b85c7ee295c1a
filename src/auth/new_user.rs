//! New users, and secrets for their tokens.

use crate::app::App;
use crate::domain::{IdType, OpenId, RecordId, TokenKey, User};
use crate::error::Result;

/// A secret for the tokens of a user or a superuser; the tokens of the secret before it end.
pub fn new_token_key(app: &App) -> Result<TokenKey> {
    Ok(TokenKey::new(app.random.bytes::<16>()?))
}

pub(super) fn new_user(app: &App, openid: OpenId, id_type: IdType) -> Result<User> {
    let id = RecordId::from_random(app.random.bytes()?);
    let now = app.clock.now();
    Ok(User {
        columns: app.collections().users.columns_of_new(now),
        ..User::new(
            id,
            openid,
            id_type,
            app.random.uuid()?,
            new_token_key(app)?,
            now,
        )
    })
}
