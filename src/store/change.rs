//! What is asked of the store, and what it tells of what was done.

use jiff::Timestamp;

use crate::domain::{
    Company, IdType, Kind, Name, NewUser, OpenId, Phone, Picture, RecordId, ShortText, Status,
    Superuser, TokenKey, User, UserType,
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

impl Record {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::Users,
            Self::Company(_) => Kind::Companies,
            Self::Superuser(_) => Kind::Superusers,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RecordId {
        match self {
            Self::User(user) => &user.id,
            Self::Company(company) => &company.id,
            Self::Superuser(superuser) => &superuser.id,
        }
    }

    /// Its place in the order of creation, among those of its kind.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::User(user) => user.number.0,
            Self::Company(company) => company.number,
            Self::Superuser(superuser) => superuser.number,
        }
    }

    /// When it last changed.
    #[must_use]
    pub fn updated(&self) -> Timestamp {
        match self {
            Self::User(user) => user.updated,
            Self::Company(company) => company.updated,
            Self::Superuser(superuser) => superuser.updated,
        }
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = match self {
            Self::User(user) => user.bytes(),
            Self::Company(company) => company.company_id.len() + company.columns.len(),
            Self::Superuser(superuser) => superuser.email.len() + superuser.password_hash.len(),
        };
        size_of::<Self>() + texts
    }
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
    /// The change is made only if this is still the token key; see [`Conflict::Changed`].
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
