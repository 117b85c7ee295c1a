//! Columns of a block, and the values that a user has in them.

use crate::domain::{IdType, Phone, Status, User, UserType};

/// A column of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextColumn {
    /// Record id.
    Id,
    /// Openid.
    OpenId,
    /// Name.
    Name,
    /// Phone; empty: none.
    Phone,
    /// E-mail address, if it is [`EmailOrigin::Given`].
    Email,
    /// Number of an identity document.
    IdNumber,
    /// Level within the company.
    Level,
    /// Key of the company.
    CompanyId,
    /// Id of the user who brought this one.
    ParentId,
    /// Promotion code.
    PromoCode,
    /// Key of the group.
    GroupId,
    /// Text that is shown in place of the number; empty: none.
    GivenNumber,
}

/// A column of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberColumn {
    /// Whether the identity is the platform's: 1, or WeChat's: 0.
    IsOfPlatform,
    /// Whether the user may log in.
    IsActive,
    /// Whether the user is registered: 1, or a guest: 0.
    IsRegistered,
    /// Rank.
    RankLevel,
    /// Kind of authentication.
    AuthType,
    /// Origin of the e-mail address: 0 there is none, 1 the server made it, 2 it is in its column.
    EmailOrigin,
    /// Whether others see the e-mail address.
    IsEmailVisible,
    /// Whether the e-mail address counts as the user's.
    IsVerified,
    /// Time of creation, in milliseconds.
    Created,
    /// Time of the last change, in milliseconds.
    Updated,
}

/// No e-mail address.
pub const NO_EMAIL: i64 = 0;
/// The address that the server makes for a user.
pub const NATIVE_EMAIL: i64 = 1;
/// An address that somebody gave.
pub const GIVEN_EMAIL: i64 = 2;

impl TextColumn {
    /// Number of such columns.
    pub const COUNT: usize = 12;

    /// Texts of a user, in the order of the columns.
    pub(super) fn texts_of(user: &User) -> [&str; Self::COUNT] {
        [
            user.id.as_str(),
            user.openid.as_str(),
            &user.name,
            user.phone.as_ref().map_or("", Phone::as_str),
            given_email(user).unwrap_or_default(),
            &user.id_number,
            &user.level,
            &user.company_id,
            &user.parent_id,
            &user.promo_code,
            &user.group_id,
            user.given_number.as_deref().unwrap_or_default(),
        ]
    }
}

impl NumberColumn {
    /// Number of such columns.
    pub const COUNT: usize = 10;

    /// Numbers of a user, in the order of the columns.
    pub(super) fn numbers_of(user: &User) -> [i64; Self::COUNT] {
        [
            (user.id_type == IdType::ManagePlatform).into(),
            (user.status == Status::Active).into(),
            (user.user_type == UserType::Registered).into(),
            user.rank_level,
            user.auth_type,
            email_origin(user),
            user.email_visibility.into(),
            user.verified.into(),
            user.created.as_millisecond(),
            user.updated.as_millisecond(),
        ]
    }
}

fn given_email(user: &User) -> Option<&str> {
    user.email.as_deref().filter(|_| !user.has_native_email())
}

fn email_origin(user: &User) -> i64 {
    match (&user.email, given_email(user)) {
        (None, _) => NO_EMAIL,
        (Some(_), None) => NATIVE_EMAIL,
        (Some(_), Some(_)) => GIVEN_EMAIL,
    }
}
