//! Session: the answer to a login of a user.

use super::tokens::user_token;
use crate::app::App;
use crate::domain::{Company, User};
use crate::error::Result;

/// A user who has just logged in or registered.
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

pub(super) async fn open_session(app: &App, user: User, created: bool) -> Result<Session> {
    let token = user_token(app, &user)?;
    let company = company_of(app, &user).await?;
    Ok(Session {
        token,
        user,
        company,
        created,
    })
}

pub(super) async fn company_of(app: &App, user: &User) -> Result<Option<Company>> {
    match user.company_id.as_str() {
        "" => Ok(None),
        key => Ok(app.store.company_by_company_id(key).await?),
    }
}
