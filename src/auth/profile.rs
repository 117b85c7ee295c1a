//! Completing the profile of a WeChat user.

use super::note::note_refused_phone;
use super::{By, company_of};
use crate::app::App;
use crate::domain::{Company, EventKind, IdType, Name, OneTimeCode, Picture, User, UserType};
use crate::error::{Error, Result};
use crate::store::{Conflict, UserUpdate};

/// What a WeChat user tells about themselves; every field was checked before, because the code costs money.
pub struct ProfileUpdate {
    /// Name.
    pub name: Name,
    /// Code for the phone number, from the `getPhoneNumber` button.
    pub phone_code: OneTimeCode,
    /// Picture.
    pub picture: Picture,
}

/// Sets name, phone and picture of `user` and makes it a registered one. Nothing changes unless all of it does.
///
/// # Errors
/// [`Error::NotWechatUser`] before the code is spent; [`Error::CodeRefused`], [`Error::TooMany`],
/// [`Error::PhoneOfAnother`].
pub async fn update_profile(
    app: &App,
    by: &By,
    user: User,
    update: ProfileUpdate,
) -> Result<(User, Option<Company>)> {
    if user.id_type != IdType::WeChat {
        return Err(Error::NotWechatUser);
    }
    let phone = app.wechat.phone_number(&update.phone_code, &user.openid).await?;
    let change = UserUpdate {
        name: Some(update.name),
        phone: Some(Some(phone.clone())),
        picture: Some(update.picture),
        user_type: Some(UserType::Registered),
        ..UserUpdate::default()
    };
    match app.store.update_user(user.id, change, app.clock.now()).await? {
        Ok(user) => {
            let event = by.event(app, EventKind::ProfileChange);
            app.note(event.about(user.id.as_str()).detail("name, phone, picture"));
            let company = company_of(app, &user).await?;
            Ok((user, company))
        }
        Err(Conflict::Phone) => {
            note_refused_phone(app, by, &phone, "profile").await;
            Err(Error::PhoneOfAnother)
        }
        Err(_) => Err(Error::Unauthenticated("the user is gone")),
    }
}
