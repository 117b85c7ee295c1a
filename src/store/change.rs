//! What is asked of the store, and what it tells of what was done.

use crate::domain::{
    Company, IdType, Name, NewUser, OpenId, Phone, Picture, RecordId, ShortText, Status, Superuser, TokenKey,
    User, UserType,
};

/// Why a write may not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The record id is taken.
    Id,
    /// The openid is taken.
    OpenId,
    /// The phone is taken.
    Phone,
    /// The e-mail address is taken.
    Email,
    /// The company's key is taken.
    CompanyId,
    /// There is no such record to change or to delete.
    NoSuchRecord,
    /// The record is not what it was when the change was decided.
    Changed,
    /// Nobody could administer the server any more.
    LastSuperuser,
}

/// A record of any collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A user.
    User(User),
    /// A company.
    Company(Company),
    /// A superuser.
    Superuser(Superuser),
}

/// What was done to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Create,
    /// It is another one.
    Update,
    /// It is gone.
    Delete,
}

/// A change that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What was done.
    pub action: Action,
    /// The record as it is now; if it is gone, as it was.
    pub record: Record,
}

/// One write of many that are done together.
#[derive(Clone, Debug)]
pub enum Write {
    /// Adds a user.
    InsertUser(NewUser),
    /// Changes a user.
    UpdateUser(RecordId, Box<UserUpdate>),
    /// Removes a user.
    DeleteUser(RecordId),
    /// Adds a company; the store gives it its number.
    InsertCompany(Company),
    /// Changes a company.
    UpdateCompany(RecordId, CompanyUpdate),
    /// Removes a company.
    DeleteCompany(RecordId),
    /// Adds a superuser; the store gives it its number.
    InsertSuperuser(Superuser),
    /// Changes a superuser.
    UpdateSuperuser(RecordId, SuperuserUpdate),
    /// Removes a superuser, unless it is the last one.
    DeleteSuperuser(RecordId),
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
    /// The change is made only if this is still the token key; see [`Conflict::Changed`].
    pub if_token_key: Option<TokenKey>,
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
    /// The change is made only if this is still the token key; see [`Conflict::Changed`].
    pub if_token_key: Option<TokenKey>,
}
