//! From rows to records. What does not fit is a problem of that record, and of no other.

use super::row::Columns;
use super::source_tables::Table;
use crate::domain::{
    Company, IdType, Kind, OpenId, Phone, RecordId, Status, Superuser, TokenKey, User, UserNumber,
    UserType,
};
use crate::store::Record;

/// All fields that the contract names, or PocketBase shows of everybody who can log in.
pub const USER_FIELDS: [&str; 23] = [
    "company_id",
    "created",
    "email",
    "emailVisibility",
    "id",
    "openid",
    "updated",
    "usergroups_id",
    "users_auth_type",
    "users_convers_id",
    "users_id",
    "users_id_number",
    "users_idtype",
    "users_level",
    "users_name",
    "users_parent_id",
    "users_phone",
    "users_picture",
    "users_promo_code",
    "users_rank_level",
    "users_status",
    "users_type",
    "verified",
];

/// Those of them that only superusers change.
pub const FIXED_FIELDS: [&str; 7] = [
    "openid",
    "users_idtype",
    "users_status",
    "users_rank_level",
    "users_auth_type",
    "users_id",
    "users_convers_id",
];

/// What the kinds are called.
pub const ID_TYPES: [(IdType, &str); 2] = [
    (IdType::WeChat, "WeChat"),
    (IdType::ManagePlatform, "ManagePlatform"),
];
/// What the types are called.
pub const USER_TYPES: [(UserType, &str); 2] = [
    (UserType::Guest, "游客"),
    (UserType::Registered, "注册用户"),
];

/// The cost of the dearest bcrypt hash that is taken: a login with it takes about five seconds.
const MAX_COST: u8 = 16;

/// Why a record is not brought here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A column has a value that a record here cannot have.
    #[error("{column} is {why}")]
    Bad {
        /// The column.
        column: &'static str,
        /// What is wrong with its value, which is not told: it may be a secret.
        why: &'static str,
    },
    /// A column of the deployment's own has a value that is no JSON.
    #[error("{0} has a value that cannot be read")]
    BadColumn(String),
    /// Another record has what only one can have.
    #[error("its {column} is that of {owner}")]
    Taken {
        /// The column.
        column: &'static str,
        /// Id of the other record.
        owner: String,
    },
    /// A record with this id is here, and PocketBase has changed it since.
    #[error("it is here already with other values")]
    Differs,
}

impl Problem {
    pub(super) fn bad(column: &'static str, why: &'static str) -> Self {
        Self::Bad { column, why }
    }
}

/// Whether a column is no column of the deployment's own.
pub fn is_ours(column: &str) -> bool {
    USER_FIELDS.contains(&column) || matches!(column, "password" | "tokenKey")
}

/// The record in a row.
pub fn record(columns: &Columns<'_>, table: &Table) -> Result<Record, Problem> {
    Ok(match table.collection.kind {
        Kind::Users => Record::User(user(columns)?),
        Kind::Companies => Record::Company(company(columns)?),
        Kind::Superusers => Record::Superuser(superuser(columns)?),
    })
}

fn user(columns: &Columns<'_>) -> Result<User, Problem> {
    let openid = columns.text("openid")?;
    let id_type =
        one_of(columns, "users_idtype", &ID_TYPES)?.ok_or(Problem::bad("users_idtype", "empty"))?;
    // What registration and the first login give a user who says nothing of it.
    let otherwise = match id_type {
        IdType::WeChat => UserType::Guest,
        IdType::ManagePlatform => UserType::Registered,
    };
    Ok(User {
        id: id(columns)?,
        number: UserNumber(0),
        openid: OpenId::parse(&openid).ok_or_else(|| match openid.as_str() {
            "" => Problem::bad("openid", "empty"),
            _ => Problem::bad("openid", "longer than 128 bytes, or has white space in it"),
        })?,
        conversation_id: columns.text("users_convers_id")?,
        id_type,
        status: match columns.number("users_status")? {
            0 => Status::Disabled,
            1 => Status::Active,
            _ => return Err(Problem::bad("users_status", "neither 0 nor 1")),
        },
        rank_level: columns.number("users_rank_level")?,
        auth_type: columns.number("users_auth_type")?,
        user_type: one_of(columns, "users_type", &USER_TYPES)?.unwrap_or(otherwise),
        name: columns.text("users_name")?,
        phone: match columns.text("users_phone")?.trim() {
            "" => None,
            phone => Some(
                Phone::parse(phone)
                    .map_err(|_| Problem::bad("users_phone", "not a phone number"))?,
            ),
        },
        picture: columns.text("users_picture")?,
        id_number: columns.text("users_id_number")?,
        level: columns.text("users_level")?,
        company_id: columns.text("company_id")?,
        parent_id: columns.text("users_parent_id")?,
        promo_code: columns.text("users_promo_code")?,
        group_id: columns.text("usergroups_id")?,
        email: Some(columns.text("email")?).filter(|email| !email.is_empty()),
        email_visibility: columns.is_set("emailVisibility")?,
        verified: columns.is_set("verified")?,
        given_number: Some(columns.text("users_id")?).filter(|number| !number.is_empty()),
        columns: columns.others()?,
        password_hash: password_hash(columns)?,
        token_key: token_key(columns)?,
        created: columns.date("created")?,
        updated: columns.date("updated")?,
    })
}

fn company(columns: &Columns<'_>) -> Result<Company, Problem> {
    Ok(Company {
        id: id(columns)?,
        number: 0,
        company_id: columns.text("company_id")?,
        columns: columns.others()?.unwrap_or_else(|| "{}".to_owned()),
        created: columns.date("created")?,
        updated: columns.date("updated")?,
    })
}

fn superuser(columns: &Columns<'_>) -> Result<Superuser, Problem> {
    let email = columns.text("email")?;
    Ok(Superuser {
        id: id(columns)?,
        number: 0,
        email: Some(email)
            .filter(|email| !email.is_empty())
            .ok_or(Problem::bad("email", "empty"))?,
        email_visibility: columns.is_set("emailVisibility")?,
        verified: columns.is_set("verified")?,
        password_hash: password_hash(columns)?.ok_or(Problem::bad("password", "empty"))?,
        token_key: token_key(columns)?,
        created: columns.date("created")?,
        updated: columns.date("updated")?,
    })
}

fn id(columns: &Columns<'_>) -> Result<RecordId, Problem> {
    RecordId::parse(&columns.text("id")?).ok_or(Problem::bad("id", "not 15 characters [a-z0-9]"))
}

/// The value that a choice names; `None` when it is empty.
fn one_of<T: Copy>(
    columns: &Columns<'_>,
    name: &'static str,
    choices: &[(T, &str)],
) -> Result<Option<T>, Problem> {
    let text = columns.text(name)?;
    if text.is_empty() {
        return Ok(None);
    }
    let found = choices.iter().find(|(_, word)| *word == text);
    found
        .map(|(value, _)| Some(*value))
        .ok_or(Problem::bad(name, "not one of its choices"))
}

/// An empty key would leave the collection's secret alone to sign tokens.
fn token_key(columns: &Columns<'_>) -> Result<TokenKey, Problem> {
    match columns.text("tokenKey")? {
        key if key.is_empty() => Err(Problem::bad("tokenKey", "empty")),
        key => Ok(TokenKey::new(key)),
    }
}

fn password_hash(columns: &Columns<'_>) -> Result<Option<String>, Problem> {
    match columns.text("password")? {
        hash if hash.is_empty() => Ok(None),
        hash if is_bcrypt(&hash) => Ok(Some(hash)),
        _ => Err(Problem::bad(
            "password",
            "not a bcrypt hash that can be verified here",
        )),
    }
}

/// `$2a$10$`, 22 characters of salt and 31 of hash.
fn is_bcrypt(hash: &str) -> bool {
    let mut parts = hash.split('$');
    let [Some(""), Some(version), Some(cost), Some(rest), None] = [(); 5].map(|()| parts.next())
    else {
        return false;
    };
    let cost_fits = cost.len() == 2
        && cost
            .parse()
            .is_ok_and(|cost: u8| (4..=MAX_COST).contains(&cost));
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'/';
    matches!(version, "2a" | "2b" | "2y")
        && cost_fits
        && rest.len() == 53
        && rest.bytes().all(in_alphabet)
}
