//! Users. Those who have nothing but what version 1 knows are written as version 1.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{decode, encode, version};
use crate::domain::{
    IdType, OpenId, Phone, RecordId, Status, TokenKey, User, UserNumber, UserType,
};
use crate::store::Error;

const USER_V1: u8 = 1;
/// Version 1 and what came later.
const USER_V2: u8 = 2;

/// A user without its id, which is the key. Numbers are postcard varints; order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredUser {
    number: u64,
    openid: StoredId,
    conversation_id: StoredId,
    id_type: StoredIdType,
    status: StoredStatus,
    rank_level: i64,
    auth_type: i64,
    user_type: StoredUserType,
    name: String,
    phone: Option<String>,
    picture: String,
    id_number: String,
    level: String,
    company_id: String,
    parent_id: String,
    promo_code: String,
    group_id: String,
    email: StoredEmail,
    password_hash: Option<String>,
    token_key: Vec<u8>,
    created_ms: i64,
    updated_ms: i64,
}

/// Fields that version 2 adds.
#[derive(Serialize, Deserialize)]
struct StoredAdditions {
    email_visibility: bool,
    verified: bool,
    given_number: Option<String>,
    columns: Option<String>,
}

impl StoredAdditions {
    /// Values of a record of version 1.
    const NONE: Self = Self {
        email_visibility: false,
        verified: true,
        given_number: None,
        columns: None,
    };

    fn is_none(&self) -> bool {
        let Self {
            email_visibility,
            verified,
            given_number,
            columns,
        } = self;
        !email_visibility && *verified && given_number.is_none() && columns.is_none()
    }
}

impl From<&User> for StoredAdditions {
    fn from(user: &User) -> Self {
        Self {
            email_visibility: user.email_visibility,
            verified: user.verified,
            given_number: user.given_number.clone(),
            columns: user.columns.clone(),
        }
    }
}

/// An id that is nearly always a UUID: 16 bytes instead of 36.
#[derive(Serialize, Deserialize)]
enum StoredId {
    Uuid([u8; 16]),
    Text(String),
}

#[derive(Serialize, Deserialize)]
enum StoredIdType {
    WeChat,
    ManagePlatform,
}

#[derive(Serialize, Deserialize)]
enum StoredStatus {
    Disabled,
    Active,
}

#[derive(Serialize, Deserialize)]
enum StoredUserType {
    Guest,
    Registered,
}

/// An e-mail address that is nearly always the one derived from the other fields.
#[derive(Serialize, Deserialize)]
enum StoredEmail {
    None,
    Native,
    Text(String),
}

impl StoredId {
    fn pack(id: &str) -> Self {
        match Uuid::try_parse(id) {
            Ok(uuid) if uuid.hyphenated().to_string() == id => Self::Uuid(uuid.into_bytes()),
            _ => Self::Text(id.to_owned()),
        }
    }

    fn unpack(self) -> String {
        match self {
            Self::Uuid(bytes) => Uuid::from_bytes(bytes).hyphenated().to_string(),
            Self::Text(text) => text,
        }
    }
}

impl From<&User> for StoredUser {
    fn from(user: &User) -> Self {
        Self {
            number: user.number.0,
            openid: StoredId::pack(user.openid.as_str()),
            conversation_id: StoredId::pack(&user.conversation_id),
            id_type: match user.id_type {
                IdType::WeChat => StoredIdType::WeChat,
                IdType::ManagePlatform => StoredIdType::ManagePlatform,
            },
            status: match user.status {
                Status::Disabled => StoredStatus::Disabled,
                Status::Active => StoredStatus::Active,
            },
            rank_level: user.rank_level,
            auth_type: user.auth_type,
            user_type: match user.user_type {
                UserType::Guest => StoredUserType::Guest,
                UserType::Registered => StoredUserType::Registered,
            },
            name: user.name.clone(),
            phone: user.phone.as_ref().map(|phone| phone.as_str().to_owned()),
            picture: user.picture.clone(),
            id_number: user.id_number.clone(),
            level: user.level.clone(),
            company_id: user.company_id.clone(),
            parent_id: user.parent_id.clone(),
            promo_code: user.promo_code.clone(),
            group_id: user.group_id.clone(),
            email: match &user.email {
                None => StoredEmail::None,
                Some(_) if user.has_native_email() => StoredEmail::Native,
                Some(email) => StoredEmail::Text(email.clone()),
            },
            password_hash: user.password_hash.clone(),
            token_key: user.token_key.as_bytes().to_vec(),
            created_ms: user.created.as_millisecond(),
            updated_ms: user.updated.as_millisecond(),
        }
    }
}

impl StoredUser {
    /// `None` when a field has a value that this program would never have written.
    fn into_user(self, more: StoredAdditions, id: RecordId) -> Option<User> {
        let openid = OpenId::parse(&self.openid.unpack())?;
        let id_type = match self.id_type {
            StoredIdType::WeChat => IdType::WeChat,
            StoredIdType::ManagePlatform => IdType::ManagePlatform,
        };
        Some(User {
            email: match self.email {
                StoredEmail::None => None,
                StoredEmail::Native => Some(User::native_email(id_type, &openid, &id)),
                StoredEmail::Text(email) => Some(email),
            },
            id,
            number: UserNumber(self.number),
            openid,
            conversation_id: self.conversation_id.unpack(),
            id_type,
            status: match self.status {
                StoredStatus::Disabled => Status::Disabled,
                StoredStatus::Active => Status::Active,
            },
            rank_level: self.rank_level,
            auth_type: self.auth_type,
            user_type: match self.user_type {
                StoredUserType::Guest => UserType::Guest,
                StoredUserType::Registered => UserType::Registered,
            },
            name: self.name,
            phone: match self.phone {
                Some(phone) => Some(Phone::from_stored(phone)?),
                None => None,
            },
            picture: self.picture,
            id_number: self.id_number,
            level: self.level,
            company_id: self.company_id,
            parent_id: self.parent_id,
            promo_code: self.promo_code,
            group_id: self.group_id,
            email_visibility: more.email_visibility,
            verified: more.verified,
            given_number: more.given_number,
            columns: more.columns,
            password_hash: self.password_hash,
            token_key: TokenKey::new(self.token_key),
            created: Timestamp::from_millisecond(self.created_ms).ok()?,
            updated: Timestamp::from_millisecond(self.updated_ms).ok()?,
        })
    }
}

/// The bytes of a user.
pub fn encode_user(user: &User) -> Result<Vec<u8>, Error> {
    let id = user.id.as_str();
    let stored = StoredUser::from(user);
    let more = StoredAdditions::from(user);
    if more.is_none() {
        encode(id, USER_V1, &stored)
    } else {
        encode(id, USER_V2, &(stored, more))
    }
}

/// The user in `bytes`, stored under the key `id`.
pub fn decode_user(id: &str, bytes: &[u8]) -> Result<User, Error> {
    let stored = match version(bytes) {
        Some(USER_V2) => decode(id, USER_V2, bytes),
        _ => decode(id, USER_V1, bytes).map(|stored: StoredUser| (stored, StoredAdditions::NONE)),
    };
    let user = stored.and_then(|(stored, more)| stored.into_user(more, RecordId::parse(id)?));
    user.ok_or_else(|| Error::Damaged(format!("user {id}")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../../tests/fixtures/stored/user_v1.bin");
    const GOLDEN_V2: &[u8] = include_bytes!("../../../../tests/fixtures/stored/user_v2.bin");

    fn user() -> User {
        let now = Timestamp::from_millisecond(1_795_327_836_858).unwrap();
        User {
            number: UserNumber(42),
            name: "张三".into(),
            phone: Some(Phone::parse("13800138000").unwrap()),
            password_hash: Some("$scrypt$...".into()),
            rank_level: -3,
            ..User::new(
                RecordId::parse("qs1c5qev8o3hjvu").unwrap(),
                OpenId::parse("a0cdd0e1-ee1f-4bdc-aee5-6a9abd548f05").unwrap(),
                IdType::ManagePlatform,
                Uuid::from_bytes([7; 16]),
                TokenKey::new([9; 16]),
                now,
            )
        }
    }

    #[test]
    fn version_1_of_a_user_is_read_as_it_was_written() {
        assert_eq!(decode_user("qs1c5qev8o3hjvu", GOLDEN).unwrap(), user());
        assert_eq!(encode_user(&user()).unwrap(), GOLDEN);
    }

    #[test]
    fn version_2_of_a_user_is_read_as_it_was_written() {
        let user = User {
            email_visibility: true,
            verified: false,
            given_number: Some("U1795".into()),
            columns: Some(r#"{"x":1}"#.into()),
            ..user()
        };
        assert_eq!(decode_user("qs1c5qev8o3hjvu", GOLDEN_V2).unwrap(), user);
        assert_eq!(encode_user(&user).unwrap(), GOLDEN_V2);
    }

    #[test]
    fn an_odd_email_and_openid_survive() {
        for (email, openid) in [
            (None, "oABC_def-123"),
            (
                Some("a@b.c".to_owned()),
                "A0CDD0E1-EE1F-4BDC-AEE5-6A9ABD548F05",
            ),
        ] {
            let user = User {
                email,
                openid: OpenId::parse(openid).unwrap(),
                ..user()
            };
            assert_eq!(
                decode_user(user.id.as_str(), &encode_user(&user).unwrap()).unwrap(),
                user
            );
        }
    }

    #[test]
    fn a_record_with_one_changed_bit_is_refused() {
        for bit in 0..GOLDEN.len() * 8 {
            let mut bytes = GOLDEN.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(
                matches!(
                    decode_user("qs1c5qev8o3hjvu", &bytes),
                    Err(Error::Damaged(_))
                ),
                "bit {bit}"
            );
        }
        assert!(decode_user("qs1c5qev8o3hjvv", GOLDEN).is_err());
    }

    #[test]
    fn other_bytes_are_refused_by_name() {
        for bytes in [
            &[][..],
            &[0],
            &[2],
            &[3],
            &GOLDEN[..GOLDEN.len() - 1],
            &[GOLDEN, &[0]].concat(),
        ] {
            assert!(matches!(
                decode_user("qs1c5qev8o3hjvu", bytes),
                Err(Error::Damaged(_))
            ));
        }
    }

    proptest! {
        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_user("qs1c5qev8o3hjvu", &bytes);
        }
    }
}
