//! What users change of their own record.

use crate::app::App;
use crate::domain::{Name, Phone, Picture, PlainPassword, ShortText, TokenKey, User, UserType};
use crate::error::{Error, Result};
use crate::password::Verdict;
use crate::store::{Conflict, UserUpdate};

/// What users may change of themselves; what is `None` stays. Identity, status, rank and kind are not theirs to change.
#[derive(Default)]
pub struct OwnUpdate {
    /// Name.
    pub name: Option<Name>,
    /// Phone.
    pub phone: Option<Phone>,
    /// Picture.
    pub picture: Option<Picture>,
    /// Guest or registered.
    pub user_type: Option<UserType>,
    /// Number of an identity document.
    pub id_number: Option<ShortText>,
    /// Level.
    pub level: Option<ShortText>,
    /// Company key.
    pub company_id: Option<ShortText>,
    /// Who brought them.
    pub parent_id: Option<ShortText>,
    /// Promotion code.
    pub promo_code: Option<ShortText>,
    /// Group key.
    pub group_id: Option<ShortText>,
    /// Password.
    pub password: Option<PasswordChange>,
}

/// A new password, and the old one that allows it.
pub struct PasswordChange {
    /// The password until now.
    pub old: PlainPassword,
    /// The password from now on.
    pub new: PlainPassword,
}

/// Changes `user`, all of `update` or nothing. A new password ends all tokens of the user.
///
/// # Errors
/// [`Error::WrongPassword`], [`Error::PhoneOfAnother`], [`Error::TooMany`].
pub async fn update_own(app: &App, user: User, update: OwnUpdate) -> Result<User> {
    let (password_hash, token_key) = match update.password {
        Some(change) => change_password(app, &user, change).await?,
        None => (None, None),
    };
    // Of two changes of the password at once, each checked against the same old one, only the first is made.
    let if_token_key = token_key.as_ref().map(|_| user.token_key.clone());
    let change = UserUpdate {
        if_token_key,
        name: update.name,
        phone: update.phone.map(Some),
        picture: update.picture,
        user_type: update.user_type,
        id_number: update.id_number,
        level: update.level,
        company_id: update.company_id,
        parent_id: update.parent_id,
        promo_code: update.promo_code,
        group_id: update.group_id,
        password_hash,
        token_key,
        ..UserUpdate::default()
    };
    match app.store.update_user(user.id, change, app.clock.now()).await? {
        Ok(user) => Ok(user),
        Err(Conflict::Phone) => Err(Error::PhoneOfAnother),
        Err(_) => Err(Error::Unauthenticated("the user is gone, or has another password")),
    }
}

async fn change_password(
    app: &App,
    user: &User,
    change: PasswordChange,
) -> Result<(Option<String>, Option<TokenKey>)> {
    let old = user.password_hash.clone();
    if app.passwords.verify(change.old, old, app.random.bytes()?).await? == Verdict::Wrong {
        return Err(Error::WrongPassword);
    }
    let hash = app.passwords.hash(change.new, app.random.bytes()?).await?;
    Ok((Some(hash), Some(TokenKey::new(app.random.bytes::<16>()?))))
}
