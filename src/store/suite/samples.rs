//! Records for properties, told apart by a number.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::outcome::{Failed, failed};
use crate::domain::{
    Company, IdType, OpenId, Phone, RecordId, ServerKey, Superuser, TokenKey, User,
};

/// Time at which all samples were made.
pub fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_795_327_836)
}

/// Record id of sample `n`.
pub fn id(n: usize) -> Result<RecordId, Failed> {
    RecordId::parse(&format!("s{n:014}")).ok_or_else(|| failed("a sample has no id"))
}

/// Openid of sample `n`.
pub fn openid(n: usize) -> Result<OpenId, Failed> {
    OpenId::parse(&format!("o_{n}")).ok_or_else(|| failed("a sample has no openid"))
}

/// Phone of sample `n`.
pub fn phone(n: usize) -> Result<Phone, Failed> {
    Phone::parse(&format!("138{n:08}")).map_err(|_| failed("a sample is no phone"))
}

/// User `n`, of WeChat, with a phone and a name.
pub fn user(n: usize) -> Result<User, Failed> {
    let key = TokenKey::new([7; 16]);
    let user = User::new(id(n)?, openid(n)?, IdType::WeChat, Uuid::nil(), key, now());
    Ok(User {
        phone: Some(phone(n)?),
        name: format!("Name {n}"),
        picture: "x".repeat(200),
        ..user
    })
}

/// The same user by another name.
pub fn named(user: &User, name: &str) -> User {
    User {
        name: name.to_owned(),
        ..user.clone()
    }
}

/// Company `n`.
pub fn company(n: usize) -> Result<Company, Failed> {
    Ok(Company {
        id: id(n)?,
        number: 0,
        company_id: format!("c-{n}"),
        columns: format!(r#"{{"company_name":"{n}"}}"#),
        created: now(),
        updated: now(),
    })
}

/// Superuser `n`.
pub fn superuser(n: usize) -> Result<Superuser, Failed> {
    Ok(Superuser {
        id: id(n)?,
        number: 0,
        email: format!("{n}@example.com"),
        email_visibility: false,
        verified: true,
        password_hash: "$scrypt$".into(),
        token_key: TokenKey::new([1; 16]),
        created: now(),
        updated: now(),
    })
}

/// Key that was made so many seconds after `now`.
pub fn key(seconds: i64) -> ServerKey {
    let mut secret = [3; 32];
    secret[..8].copy_from_slice(&seconds.to_le_bytes());
    ServerKey {
        secret,
        created: now() + SignedDuration::from_secs(seconds),
    }
}
