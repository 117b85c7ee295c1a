//! The user.

use std::fmt;

use jiff::Timestamp;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::user_column::{GIVEN_EMAIL, NATIVE_EMAIL, NO_EMAIL, NumberColumn, TextColumn};
use super::{OpenId, Phone, RecordId, is_imported_hash};

/// A user's place in the order of creation, counted from 1; shown as `U0000000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserNumber(pub u64);

impl UserNumber {
    /// The number of a user who is not stored yet: the store gives one.
    pub const UNASSIGNED: Self = Self(0);
}

impl fmt::Display for UserNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U{:010}", self.0)
    }
}

/// Origin of a user's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdType {
    /// From WeChat: the openid is WeChat's.
    WeChat,
    /// From the web platform: the openid is a GUID of ours.
    ManagePlatform,
}

/// Stage of a user: guest or registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserType {
    /// Logged in through WeChat, profile not yet given.
    Guest,
    /// Registered, or profile given.
    Registered,
}

/// Whether a user may log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// May log in.
    Active,
    /// Refused at login and at every endpoint that takes a token.
    Disabled,
}

/// A secret of one user that every token of that user is bound to; changing it ends them all.
#[derive(Clone)]
pub struct TokenKey(Vec<u8>);

impl TokenKey {
    /// Wraps the key's bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The key's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// In constant time: a token key is compared with what a client sent.
impl PartialEq for TokenKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenKey {}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(***)")
    }
}

/// A user. Empty text means "not given".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Record id, unique.
    pub id: RecordId,
    /// Order of creation, unique.
    pub number: UserNumber,
    /// Identity, unique, fixed at creation.
    pub openid: OpenId,
    /// Id of the user's conversation.
    pub conversation_id: String,
    /// Origin of the identity.
    pub id_type: IdType,
    /// May the user log in?
    pub status: Status,
    /// Rank, 0 unless set by an administrator.
    pub rank_level: i64,
    /// Kind of authentication, 0 unless set by an administrator.
    pub auth_type: i64,
    /// Guest or registered.
    pub user_type: UserType,
    /// Name as the user gave it.
    pub name: String,
    /// Phone, unique when given.
    pub phone: Option<Phone>,
    /// Address of the user's picture.
    pub picture: String,
    /// Number of an identity document.
    pub id_number: String,
    /// Level within the company.
    pub level: String,
    /// Key of the user's company.
    pub company_id: String,
    /// Id of the user who brought this one.
    pub parent_id: String,
    /// Promotion code.
    pub promo_code: String,
    /// Key of the user's group.
    pub group_id: String,
    /// The identity of PocketBase's native login; a platform user without it cannot log in.
    pub email: Option<String>,
    /// Whether others who see the record see the e-mail address in it.
    pub email_visibility: bool,
    /// Whether the e-mail address counts as the user's.
    pub verified: bool,
    /// Text that is shown in place of the number of a user who came with another one.
    pub given_number: Option<String>,
    /// Identity among the apps of one WeChat account, once WeChat or an import told it.
    pub unionid: Option<String>,
    /// Columns of an imported user that are not ours, as the text of one JSON object.
    pub columns: Option<String>,
    /// Scrypt hash as a PHC string, or an imported bcrypt hash; WeChat users who came here first have none.
    pub password_hash: Option<String>,
    /// Secret that the user's tokens are bound to.
    pub token_key: TokenKey,
    /// Time of creation.
    pub created: Timestamp,
    /// Time of the last change.
    pub updated: Timestamp,
}

impl User {
    /// A user with nothing but an identity, active, created `now`, not stored yet.
    #[must_use]
    pub fn new(
        id: RecordId,
        openid: OpenId,
        id_type: IdType,
        conversation_id: Uuid,
        token_key: TokenKey,
        now: Timestamp,
    ) -> Self {
        Self {
            email: Some(Self::native_email(id_type, &openid, &id)),
            id,
            number: UserNumber::UNASSIGNED,
            openid,
            conversation_id: conversation_id.hyphenated().to_string(),
            id_type,
            status: Status::Active,
            rank_level: 0,
            auth_type: 0,
            user_type: UserType::Guest,
            name: String::new(),
            phone: None,
            picture: String::new(),
            id_number: String::new(),
            level: String::new(),
            company_id: String::new(),
            parent_id: String::new(),
            promo_code: String::new(),
            group_id: String::new(),
            email_visibility: false,
            verified: true,
            given_number: None,
            unionid: None,
            columns: None,
            password_hash: None,
            token_key,
            created: now,
            updated: now,
        }
    }

    /// Whether name, phone and picture are all there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.name.is_empty() && self.phone.is_some() && !self.picture.is_empty()
    }

    /// Whether the password's hash is an imported one that the next login replaces. WeChat users do not count: PocketBase
    /// gave them hashes of random text, which nobody logs in with.
    #[must_use]
    pub fn has_imported_hash(&self) -> bool {
        self.id_type == IdType::ManagePlatform
            && self.password_hash.as_deref().is_some_and(is_imported_hash)
    }

    /// The bytes of all texts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let given = [
            &self.email,
            &self.given_number,
            &self.unionid,
            &self.columns,
            &self.password_hash,
        ];
        let texts = [
            &self.conversation_id,
            &self.name,
            &self.picture,
            &self.id_number,
            &self.level,
            &self.company_id,
            &self.parent_id,
            &self.promo_code,
            &self.group_id,
        ];
        let given = given.into_iter().flatten().map(String::len);
        given
            .chain(texts.into_iter().map(String::len))
            .sum::<usize>()
            + self.openid.as_str().len()
    }

    /// The number that clients see.
    #[must_use]
    pub fn shown_number(&self) -> String {
        self.given_number
            .clone()
            .unwrap_or_else(|| self.number.to_string())
    }

    /// Whether the e-mail address is the one that [`User::native_email`] makes.
    #[must_use]
    pub fn has_native_email(&self) -> bool {
        self.email.as_ref() == Some(&Self::native_email(self.id_type, &self.openid, &self.id))
    }

    /// The e-mail address that the server makes for a new user.
    #[must_use]
    pub fn native_email(id_type: IdType, openid: &OpenId, id: &RecordId) -> String {
        let mut email = String::new();
        Self::push_native_email(&mut email, id_type, openid.as_str(), id.as_str());
        email
    }

    /// Puts the same address behind `text`.
    pub fn push_native_email(text: &mut String, id_type: IdType, openid: &str, id: &str) {
        let parts = match id_type {
            IdType::ManagePlatform => [openid, "@manage.local"],
            IdType::WeChat => [id, "@wechat.local"],
        };
        text.extend(parts);
    }

    /// Texts by their columns.
    #[must_use]
    pub fn text_columns(&self) -> [&str; TextColumn::COUNT] {
        [
            self.id.as_str(),
            self.openid.as_str(),
            &self.name,
            self.phone.as_ref().map_or("", Phone::as_str),
            self.given_email().unwrap_or_default(),
            &self.id_number,
            &self.level,
            &self.company_id,
            &self.parent_id,
            &self.promo_code,
            &self.group_id,
            self.given_number.as_deref().unwrap_or_default(),
        ]
    }

    /// Numbers by their columns.
    #[must_use]
    pub fn number_columns(&self) -> [i64; NumberColumn::COUNT] {
        [
            (self.id_type == IdType::ManagePlatform).into(),
            (self.status == Status::Active).into(),
            (self.user_type == UserType::Registered).into(),
            self.rank_level,
            self.auth_type,
            self.email_origin(),
            self.email_visibility.into(),
            self.verified.into(),
            self.created.as_millisecond(),
            self.updated.as_millisecond(),
        ]
    }

    fn given_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| !self.has_native_email())
    }

    fn email_origin(&self) -> i64 {
        match (&self.email, self.given_email()) {
            (None, _) => NO_EMAIL,
            (Some(_), None) => NATIVE_EMAIL,
            (Some(_), Some(_)) => GIVEN_EMAIL,
        }
    }

    /// The user for whom [`User::native_email`] would have made the address.
    #[must_use]
    pub fn of_native_email(email: &str) -> Option<NativeEmail> {
        match email.rsplit_once('@')? {
            (openid, "manage.local") => OpenId::parse(openid).map(NativeEmail::ManagePlatform),
            (id, "wechat.local") => RecordId::parse(id).map(NativeEmail::WeChat),
            _ => None,
        }
    }
}

/// Identity in an e-mail address that the server made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NativeEmail {
    /// A platform user's openid.
    ManagePlatform(OpenId),
    /// A WeChat user's record id.
    WeChat(RecordId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_native_email_leads_back_to_its_user() {
        let (openid, id) = (
            OpenId::parse("o_1").unwrap(),
            RecordId::parse("qs1c5qev8o3hjvu").unwrap(),
        );
        let read =
            |id_type| User::of_native_email(&User::native_email(id_type, &openid, &id)).unwrap();
        assert_eq!(
            read(IdType::ManagePlatform),
            NativeEmail::ManagePlatform(openid.clone())
        );
        assert_eq!(read(IdType::WeChat), NativeEmail::WeChat(id.clone()));
        for other in [
            "",
            "@",
            "a@b.c",
            "@manage.local",
            "short@wechat.local",
            "o_1@manage.local.cn",
        ] {
            assert_eq!(User::of_native_email(other), None, "{other}");
        }
    }

    #[test]
    fn numbers_have_ten_digits() {
        assert_eq!(UserNumber(42).to_string(), "U0000000042");
    }
}
