//! What is asked of the store, and what it tells of what was done.

use jiff::Timestamp;

use crate::domain::{
    IdType, Kind, Name, OpenId, Phone, Picture, ShortText, Status, TokenKey, User, UserType,
};

/// Which records are shown, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// All of a kind, in any order.
    All(Kind),
    /// Users by the time of their creation, but for the first `skip` of them.
    UsersByCreated {
        /// From the end.
        newest_first: bool,
        /// How many are passed over without being read.
        skip: u64,
    },
}

/// A partial change of a user: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserUpdate {
    /// New name.
    pub name: Option<Name>,
    /// New phone; the inner `None` removes it.
    pub phone: Option<Option<Phone>>,
    /// New picture.
    pub picture: Option<Picture>,
    /// New type.
    pub user_type: Option<UserType>,
    /// Enable or disable.
    pub status: Option<Status>,
    /// New number of an identity document.
    pub id_number: Option<ShortText>,
    /// New level.
    pub level: Option<ShortText>,
    /// New company.
    pub company_id: Option<ShortText>,
    /// Who brought this user.
    pub parent_id: Option<ShortText>,
    /// New promotion code.
    pub promo_code: Option<ShortText>,
    /// New group.
    pub group_id: Option<ShortText>,
    /// New password hash; comes with a new token key.
    pub password_hash: Option<String>,
    /// New token key: ends all tokens of the user.
    pub token_key: Option<TokenKey>,
    /// Native identity; the inner `None` removes it.
    pub email: Option<Option<String>>,
    /// Whether others see the e-mail address.
    pub email_visibility: Option<bool>,
    /// Whether the e-mail address counts.
    pub verified: Option<bool>,
    /// New identity.
    pub openid: Option<OpenId>,
    /// New origin of the identity.
    pub id_type: Option<IdType>,
    /// New rank.
    pub rank_level: Option<i64>,
    /// New kind of authentication.
    pub auth_type: Option<i64>,
    /// New conversation.
    pub conversation_id: Option<String>,
    /// What is shown in place of the number; the inner `None`: the number itself.
    pub given_number: Option<Option<String>>,
    /// Columns that are not ours, as the text of one JSON object.
    pub columns: Option<String>,
    /// The change is made only if this is still the token key; see [`super::Conflict::Changed`].
    pub if_token_key: Option<TokenKey>,
}

impl UserUpdate {
    /// The user as it is after the change.
    #[must_use]
    pub fn apply(self, mut user: User) -> User {
        user.openid = self.openid.unwrap_or(user.openid);
        user.conversation_id = self.conversation_id.unwrap_or(user.conversation_id);
        user.given_number = self.given_number.unwrap_or(user.given_number);
        user.id_type = self.id_type.unwrap_or(user.id_type);
        user.rank_level = self.rank_level.unwrap_or(user.rank_level);
        user.auth_type = self.auth_type.unwrap_or(user.auth_type);
        user.name = self.name.map_or(user.name, Into::into);
        user.phone = self.phone.unwrap_or(user.phone);
        user.picture = self.picture.map_or(user.picture, Into::into);
        user.user_type = self.user_type.unwrap_or(user.user_type);
        user.status = self.status.unwrap_or(user.status);
        user.id_number = self.id_number.map_or(user.id_number, Into::into);
        user.level = self.level.map_or(user.level, Into::into);
        user.company_id = self.company_id.map_or(user.company_id, Into::into);
        user.parent_id = self.parent_id.map_or(user.parent_id, Into::into);
        user.promo_code = self.promo_code.map_or(user.promo_code, Into::into);
        user.group_id = self.group_id.map_or(user.group_id, Into::into);
        user.columns = self.columns.or(user.columns);
        user.password_hash = self.password_hash.or(user.password_hash);
        user.token_key = self.token_key.unwrap_or(user.token_key);
        user.email = self.email.unwrap_or(user.email);
        user.email_visibility = self.email_visibility.unwrap_or(user.email_visibility);
        user.verified = self.verified.unwrap_or(user.verified);
        user
    }
}

/// A partial change of a company: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct CompanyUpdate {
    /// New key.
    pub company_id: Option<String>,
    /// All other columns, as the text of one JSON object.
    pub columns: Option<String>,
}

/// A partial change of a superuser: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SuperuserUpdate {
    /// New e-mail address.
    pub email: Option<String>,
    /// Whether others see the e-mail address.
    pub email_visibility: Option<bool>,
    /// Whether the e-mail address counts.
    pub verified: Option<bool>,
    /// New password hash; comes with a new token key.
    pub password_hash: Option<String>,
    /// New token key: ends all tokens of the superuser.
    pub token_key: Option<TokenKey>,
    /// The change is made only if this is still the token key; see [`super::Conflict::Changed`].
    pub if_token_key: Option<TokenKey>,
}

/// What a database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// When the file was made, if it is a backup.
    pub made: Option<Timestamp>,
    /// Users.
    pub users: u64,
    /// Companies.
    pub companies: u64,
    /// Superusers.
    pub superusers: u64,
    /// Events.
    pub events: u64,
}

/// Limits beyond which a copy of the database is given up: while it is made, no page that it reads can be used again, and a copy that is too
/// slow would make the file grow without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyLimits {
    /// Bytes by which the database may grow meanwhile; by its own length in any case.
    pub growth: u64,
    /// Bytes that have to stay free on the database's disk.
    pub min_free: u64,
}

impl CopyLimits {
    /// It is never given up.
    pub const NONE: Self = Self {
        growth: u64::MAX,
        min_free: 0,
    };
}
