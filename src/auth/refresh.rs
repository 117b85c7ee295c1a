//! A new token for an old one, or for a WeChat code.

use std::net::IpAddr;

use super::audit::Login;
use super::authenticate::ensure_active;
use super::tokens::user_token;
use crate::app::App;
use crate::domain::{OneTimeCode, User};
use crate::error::{Error, Result};

/// Who asks for a new token, and how they show it.
pub enum RefreshBy {
    /// A user whose token is valid: WeChat is not asked.
    User(Box<User>),
    /// A code from `wx.login`, and where it came from: this is a login.
    Code(IpAddr, OneTimeCode),
}

/// A new token.
///
/// # Errors
/// [`Error::CodeRefused`], [`Error::TooMany`], [`Error::UserNotFound`], [`Error::Disabled`].
pub async fn refresh_token(app: &App, by: RefreshBy) -> Result<String> {
    match by {
        RefreshBy::User(user) => {
            ensure_active(&user)?;
            user_token(app, &user)
        }
        RefreshBy::Code(source, code) => {
            let login = Login {
                app,
                source,
                way: "wechat code for a token",
            };
            let user = login.begun("", user_of_code(app, source, &code).await)?;
            login.token(
                user.id.clone(),
                ensure_active(&user).and_then(|()| user_token(app, &user)),
            )
        }
    }
}

async fn user_of_code(app: &App, source: IpAddr, code: &OneTimeCode) -> Result<User> {
    let openid = app.wechat.exchange(Some(source), code).await?;
    app.store
        .user_by_openid(&openid)
        .await?
        .ok_or(Error::UserNotFound)
}
