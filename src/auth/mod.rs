//! The operations behind the endpoints: rules, readable from top to bottom.

mod audit;
mod authenticate;
mod events;
mod identity;
mod impersonate;
mod login;
mod password;
mod profile;
mod refresh;
mod register;
mod revoke;
mod set_up;
mod superuser;
mod tokens;
mod update;

pub use audit::{AuditContext, admitted, ensure_address, note_refused_phone};
pub use authenticate::{
    Caller, Principal, authenticate, authenticate_session, caller, caller_beside, file_caller,
};
pub use events::{EventPage, EventQuery, EventQueryField, find_events, moment};
pub use identity::{IdentityField, user_by_identity};
pub use impersonate::impersonate;
pub use login::{password_login, platform_login, platform_user, wechat_login};
pub use password::{hash_password, is_password_of};
pub use profile::{ProfileUpdate, update_profile};
pub use refresh::{RefreshBy, refresh_token};
pub use register::{Registration, create_user, register};
pub use revoke::revoke_tokens;
pub use set_up::{offer_set_up, set_up};
pub use superuser::{SuperuserSession, create_superuser, superuser_login};
pub use tokens::{file_token, superuser_token};

use crate::app::App;
use crate::domain::{Company, IdType, OpenId, RecordId, TokenKey, User};
use crate::error::Result;

/// A user who has just shown who they are.
pub struct Session {
    /// The token to hand out.
    pub token: String,
    /// The user.
    pub user: User,
    /// The user's company, if there is one.
    pub company: Option<Company>,
    /// Whether the user was created by this login.
    pub created: bool,
}

async fn open_session(app: &App, user: User, created: bool) -> Result<Session> {
    let token = tokens::user_token(app, &user)?;
    let company = company_of(app, &user).await?;
    Ok(Session {
        token,
        user,
        company,
        created,
    })
}

async fn company_of(app: &App, user: &User) -> Result<Option<Company>> {
    match user.company_id.as_str() {
        "" => Ok(None),
        key => Ok(app.store.company_by_company_id(key).await?),
    }
}

/// A secret for the tokens of a user or a superuser; the tokens of the secret before it end.
///
/// # Errors
/// Only errors of ours.
pub fn new_token_key(app: &App) -> Result<TokenKey> {
    Ok(TokenKey::new(app.random.bytes::<16>()?))
}

fn new_user(app: &App, openid: OpenId, id_type: IdType) -> Result<User> {
    let id = RecordId::from_random(app.random.bytes()?);
    Ok(User::new(
        id,
        openid,
        id_type,
        app.random.uuid()?,
        new_token_key(app)?,
        app.clock.now(),
    ))
}
