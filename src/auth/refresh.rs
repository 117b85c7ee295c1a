//! A new token for an old one, or for a WeChat code.

use super::authenticate::ensure_active;
use super::tokens::user_token;
use crate::app::App;
use crate::domain::{OneTimeCode, User};
use crate::error::{Error, Result};

/// Who asks for a new token, and how they show it.
pub enum RefreshBy {
    /// A user whose token is valid: WeChat is not asked.
    User(Box<User>),
    /// A code from `wx.login`.
    Code(OneTimeCode),
}

/// A new token.
///
/// # Errors
/// [`Error::CodeRefused`], [`Error::TooMany`], [`Error::UserNotFound`], [`Error::Disabled`].
pub async fn refresh_token(app: &App, by: RefreshBy) -> Result<String> {
    let user = match by {
        RefreshBy::User(user) => *user,
        RefreshBy::Code(code) => {
            let openid = app.wechat.exchange(&code).await?;
            app.store.user_by_openid(&openid).await?.ok_or(Error::UserNotFound)?
        }
    };
    ensure_active(&user)?;
    user_token(app, &user)
}
