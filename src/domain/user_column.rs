//! Columns of users in lists: what the store keeps of each user a second time, column by column.

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
    /// E-mail address, if somebody gave it.
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

/// A text that the columns do not have, because it is long and seldom looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongColumn {
    /// Picture.
    Picture,
    /// Id of the conversation.
    ConversationId,
    /// Unionid; empty: none.
    UnionId,
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
}

impl LongColumn {
    /// Number of such columns.
    pub const COUNT: usize = 3;
}

impl NumberColumn {
    /// Number of such columns.
    pub const COUNT: usize = 10;
}
