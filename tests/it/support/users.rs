//! Users to store, told apart by a number.

use bai::domain::{IdType, OpenId, Phone, RecordId, TokenKey, User, UserNumber};
use jiff::Timestamp;

pub fn now() -> Timestamp {
    Timestamp::from_second(1_795_327_836).unwrap()
}

pub fn user_id(n: usize) -> RecordId {
    RecordId::parse(&format!("u{n:014}")).unwrap()
}

pub fn openid(n: usize) -> OpenId {
    OpenId::parse(&format!("o_{n}")).unwrap()
}

pub fn phone(n: usize) -> Phone {
    Phone::parse(&format!("138{n:08}")).unwrap()
}

/// A user with a phone and a picture, who has this number everywhere.
pub fn new_user(n: usize) -> User {
    User {
        phone: Some(phone(n)),
        picture: "x".repeat(300),
        ..User::new(
            user_id(n),
            openid(n),
            IdType::WeChat,
            uuid::Uuid::nil(),
            TokenKey::new([7; 16]),
            now(),
        )
    }
}

/// The user of this number as the store keeps it.
pub fn stored_user(n: usize, number: UserNumber) -> User {
    User {
        number,
        ..new_user(n)
    }
}
