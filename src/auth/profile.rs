//! Profile of a WeChat user.

use super::audit::{AuditContext, audit_refused_phone};
use super::avatar::living_picture;
use super::session::company_of;
use super::update::update as update_record;
use crate::app::App;
use crate::domain::{Company, EventKind, IdType, Kind, Name, OneTimeCode, Picture, User, UserType};
use crate::error::{Error, Result};
use crate::store::{CommitError, Conflict};
use crate::wechat;

/// Profile that a WeChat user sends; every field was checked before, because the code costs money.
pub struct ProfileUpdate {
    /// Name.
    pub name: Name,
    /// Code for the phone number, from the `getPhoneNumber` button.
    pub phone_code: OneTimeCode,
    /// Picture.
    pub picture: Picture,
}

/// Sets name, phone and picture of `user` and makes it a registered one. Nothing changes unless all of it does. The phone lookup
/// is taken back if WeChat was not asked, or answered only that its quota is used up: what it may have charged for counts.
///
/// # Errors
/// [`Error::NotWechatUser`] before the code is spent; [`Error::CodeRefused`], [`Error::TooMany`], [`Error::WechatQuota`],
/// [`Error::TooManyAttempts`], [`Error::PhoneOfAnother`].
pub async fn update_profile(
    app: &App,
    by: &AuditContext,
    user: User,
    update: ProfileUpdate,
) -> Result<(User, Option<Company>)> {
    let request = (
        &user.id,
        update.phone_code.as_str(),
        update.name.as_str(),
        update.picture.as_str(),
    );
    let in_flight = app.limits.once("wechat/profile", request)?;
    in_flight.run(look_up_phone(app, by, user, update)).await
}

async fn look_up_phone(
    app: &App,
    by: &AuditContext,
    user: User,
    update: ProfileUpdate,
) -> Result<(User, Option<Company>)> {
    let lookup = app.limits.phone_lookup(&user.id)?;
    let outcome = update_with_phone(app, by, user, update).await;
    if outcome.as_ref().is_err_and(is_free) {
        lookup.take_back();
    }
    outcome
}

/// Whether WeChat has nothing to charge for.
fn is_free(error: &Error) -> bool {
    match error {
        Error::NotWechatUser | Error::Busy { .. } | Error::WechatQuota { .. } => true,
        Error::Internal(cause) => cause
            .downcast_ref::<wechat::Error>()
            .is_some_and(wechat::Error::is_before_request),
        _ => false,
    }
}

async fn update_with_phone(
    app: &App,
    by: &AuditContext,
    user: User,
    update: ProfileUpdate,
) -> Result<(User, Option<Company>)> {
    if user.id_type != IdType::WeChat {
        return Err(Error::NotWechatUser);
    }
    let phone = app
        .wechat
        .phone_number(by.source, &update.phone_code, &user.openid)
        .await?;
    let picture = living_picture(&app.store, &user.id, update.picture.as_str()).await?;
    let now = app.clock.now();
    let completed = |user| User {
        name: update.name.as_str().to_owned(),
        phone: Some(phone.clone()),
        picture: picture.clone(),
        user_type: UserType::Registered,
        updated: now,
        ..user
    };
    match update_record(&app.store, Kind::Users, &user.id, completed).await {
        Ok(changed) => {
            audit_change(app, by, &user, &changed);
            let company = company_of(&app.store, &changed).await?;
            Ok((changed, company))
        }
        Err(CommitError::Conflict {
            conflict: Conflict::Phone,
            ..
        }) => {
            audit_refused_phone(app, by, &phone, "profile").await;
            Err(Error::PhoneOfAnother)
        }
        Err(CommitError::Conflict { .. }) => Err(Error::Unauthenticated("the user is gone")),
        Err(CommitError::Failed(error)) => Err(error.into()),
    }
}

/// Writes an audit event of the fields that changed, if any did.
fn audit_change(app: &App, by: &AuditContext, before: &User, after: &User) {
    let fields = [
        ("name", before.name != after.name),
        ("phone", before.phone != after.phone),
        ("picture", before.picture != after.picture),
    ];
    let changed: Vec<_> = fields
        .into_iter()
        .filter_map(|(name, is_new)| is_new.then_some(name))
        .collect();
    if !changed.is_empty() || before.user_type != after.user_type {
        let event = by
            .event(app, EventKind::ProfileChange)
            .about(after.id.as_str());
        app.audit(event.detail(changed.join(", ")));
    }
}
