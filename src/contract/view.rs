//! A user as clients see it: the contract's `UserInfo`, and PocketBase's auth record.

use poem_openapi::{Enum, Object};
use serde_json::{Map, Value};

use crate::domain::{
    Collection, Collections, Company, IdType, Phone, Status, Superuser, User, UserType,
};
use crate::http::wire_types::{AuthRecord, CompanyInfo, Number};
use crate::pb_data::date_text;
use crate::store::Record;

/// 用户身份来源类型
#[derive(Clone, Copy, Enum)]
pub enum UsersIdtype {
    /// 微信用户
    WeChat,
    /// 平台用户
    ManagePlatform,
}

/// 用户类型
#[derive(Clone, Copy, Enum)]
pub enum UsersType {
    /// Logged in through WeChat, profile not yet given.
    #[oai(rename = "游客")]
    Guest,
    /// Registered.
    #[oai(rename = "注册用户")]
    Registered,
}

impl UsersIdtype {
    /// The wire's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WeChat => "WeChat",
            Self::ManagePlatform => "ManagePlatform",
        }
    }
}

impl UsersIdtype {
    /// Reads the wire's word.
    pub fn parse(text: &str) -> Option<IdType> {
        [IdType::WeChat, IdType::ManagePlatform]
            .into_iter()
            .find(|t| Self::from(*t).as_str() == text)
    }
}

impl UsersType {
    /// The wire's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "游客",
            Self::Registered => "注册用户",
        }
    }

    /// Reads the wire's word.
    pub fn parse(text: &str) -> Option<UserType> {
        [UserType::Guest, UserType::Registered]
            .into_iter()
            .find(|t| Self::from(*t).as_str() == text)
    }
}

impl From<IdType> for UsersIdtype {
    fn from(id_type: IdType) -> Self {
        match id_type {
            IdType::WeChat => Self::WeChat,
            IdType::ManagePlatform => Self::ManagePlatform,
        }
    }
}

impl From<UserType> for UsersType {
    fn from(user_type: UserType) -> Self {
        match user_type {
            UserType::Guest => Self::Guest,
            UserType::Registered => Self::Registered,
        }
    }
}

/// 统一用户视图。
/// 其中 `openid` 为全平台统一身份标识:微信用户使用微信 openid,平台用户使用服务端生成 GUID。
#[derive(Object)]
pub struct UserInfo {
    pb_id: String,
    users_convers_id: String,
    users_id: String,
    /// 用户身份来源类型
    users_idtype: UsersIdtype,
    users_id_number: String,
    users_status: Number,
    users_rank_level: Number,
    users_auth_type: Number,
    users_type: UsersType,
    users_name: String,
    users_phone: String,
    users_phone_masked: String,
    users_level: String,
    users_picture: String,
    /// 全平台统一身份标识;微信用户为微信 openid,平台用户为服务端生成的 GUID
    openid: String,
    company_id: String,
    users_parent_id: String,
    users_promo_code: String,
    usergroups_id: String,
    company: CompanyInfo,
    created: String,
    updated: String,
}

impl UserInfo {
    /// The user, with its company.
    pub fn new(user: &User, company: Option<&Company>, collections: &Collections) -> Self {
        Self {
            pb_id: user.id.to_string(),
            users_convers_id: user.conversation_id.clone(),
            users_id: user.shown_number(),
            users_idtype: user.id_type.into(),
            users_id_number: user.id_number.clone(),
            users_status: Number(status_number(user.status)),
            users_rank_level: Number(user.rank_level),
            users_auth_type: Number(user.auth_type),
            users_type: user.user_type.into(),
            users_name: user.name.clone(),
            users_phone: phone_text(user),
            users_phone_masked: user.phone.as_ref().map(Phone::masked).unwrap_or_default(),
            users_level: user.level.clone(),
            users_picture: user.picture.clone(),
            openid: user.openid.to_string(),
            company_id: user.company_id.clone(),
            users_parent_id: user.parent_id.clone(),
            users_promo_code: user.promo_code.clone(),
            usergroups_id: user.group_id.clone(),
            company: CompanyInfo(
                company.map(|company| company_record(company, &collections.companies).0),
            ),
            created: date_text(user.created),
            updated: date_text(user.updated),
        }
    }
}

/// Any record as PocketBase writes it.
pub fn record(record: &Record, collections: &Collections) -> AuthRecord {
    match record {
        Record::User(user) => auth_record(user, &collections.users),
        Record::Company(company) => company_record(company, &collections.companies),
        Record::Superuser(superuser) => superuser_record(superuser, &collections.superusers),
    }
}

/// A user's record as PocketBase writes it: keys in byte order, empty text `""`, no password, no token key.
pub fn auth_record(user: &User, collection: &Collection) -> AuthRecord {
    let text = |text: &str| Value::from(text);
    let entries = [
        ("collectionId", text(&collection.id)),
        ("collectionName", text(collection.kind.name())),
        ("company_id", text(&user.company_id)),
        ("created", text(&date_text(user.created))),
        ("email", text(user.email.as_deref().unwrap_or_default())),
        ("emailVisibility", user.email_visibility.into()),
        ("id", text(user.id.as_str())),
        ("openid", text(user.openid.as_str())),
        ("updated", text(&date_text(user.updated))),
        ("usergroups_id", text(&user.group_id)),
        ("users_auth_type", user.auth_type.into()),
        ("users_convers_id", text(&user.conversation_id)),
        ("users_id", text(&user.shown_number())),
        ("users_id_number", text(&user.id_number)),
        (
            "users_idtype",
            text(UsersIdtype::from(user.id_type).as_str()),
        ),
        ("users_level", text(&user.level)),
        ("users_name", text(&user.name)),
        ("users_parent_id", text(&user.parent_id)),
        ("users_phone", text(&phone_text(user))),
        ("users_picture", text(&user.picture)),
        ("users_promo_code", text(&user.promo_code)),
        ("users_rank_level", user.rank_level.into()),
        ("users_status", status_number(user.status).into()),
        ("users_type", text(UsersType::from(user.user_type).as_str())),
        ("verified", user.verified.into()),
    ];
    let own = entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value));
    AuthRecord(match &user.columns {
        Some(columns) => with_columns(columns, own),
        None => own.collect(),
    })
}

/// A company's record as PocketBase writes it: keys in byte order.
pub fn company_record(company: &Company, collection: &Collection) -> AuthRecord {
    let own = [
        ("collectionId", collection.id.clone()),
        ("collectionName", collection.kind.name().to_owned()),
        ("company_id", company.company_id.clone()),
        ("created", date_text(company.created)),
        ("id", company.id.to_string()),
        ("updated", date_text(company.updated)),
    ];
    AuthRecord(with_columns(
        &company.columns,
        own.into_iter()
            .map(|(key, value)| (key.to_owned(), value.into())),
    ))
}

/// A superuser's record as PocketBase writes it: keys in byte order.
pub fn superuser_record(superuser: &Superuser, collection: &Collection) -> AuthRecord {
    let own = [
        ("collectionId", Value::from(collection.id.as_str())),
        ("collectionName", collection.kind.name().into()),
        ("created", date_text(superuser.created).into()),
        ("email", superuser.email.as_str().into()),
        ("emailVisibility", superuser.email_visibility.into()),
        ("id", superuser.id.as_str().into()),
        ("updated", date_text(superuser.updated).into()),
        ("verified", superuser.verified.into()),
    ];
    AuthRecord(
        own.into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

/// Our own columns and the deployment's, which never hide ours.
fn with_columns(columns: &str, own: impl Iterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut record: Map<String, Value> = serde_json::from_str(columns).unwrap_or_default();
    record.extend(own);
    record.sort_keys();
    record
}

fn phone_text(user: &User) -> String {
    user.phone
        .as_ref()
        .map(|phone| phone.as_str().to_owned())
        .unwrap_or_default()
}

/// The wire's number for a status.
pub fn status_number(status: Status) -> i64 {
    match status {
        Status::Active => 1,
        Status::Disabled => 0,
    }
}
