//! The unionid of a WeChat user, kept by the first login that brings it.

use super::update::update as update_record;
use crate::app::App;
use crate::domain::{Kind, UnionId, User};

/// The user with the unionid that WeChat told at a login, which goes on if it cannot be kept: another login brings it again.
/// The one that is kept stays if WeChat tells none.
pub(super) async fn with_unionid(app: &App, user: User, told: Option<UnionId>) -> User {
    let is_new = |told: &UnionId| user.unionid.as_deref() != Some(told.as_str());
    match told.filter(is_new) {
        None => user,
        // Boxed: it is rare, and its future is large.
        Some(told) => Box::pin(keep(app, user, told)).await,
    }
}

async fn keep(app: &App, user: User, told: UnionId) -> User {
    let now = app.clock.now();
    let change = |user| User {
        unionid: Some(told.as_str().to_owned()),
        updated: now,
        ..user
    };
    match update_record(&app.store, Kind::Users, &user.id, change).await {
        Ok(kept) => {
            if user.unionid.is_some() {
                tracing::info!(user = %user.id, "WeChat tells another unionid of this user, which is kept now");
            }
            kept
        }
        Err(error) => {
            tracing::info!(user = %user.id, %error, "the unionid could not be kept; the user's next login brings it again");
            user
        }
    }
}
