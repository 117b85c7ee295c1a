//! Users. Each is written in the oldest version that knows all that the user has.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::own_unionid::own_unionid;

use super::{decode, encode, version};
use crate::domain::{
    GIVEN_EMAIL, IdType, NATIVE_EMAIL, NO_EMAIL, OpenId, Phone, RecordId, Status, TokenKey, User,
    UserNumber, UserType,
};
use crate::store::Error;
use crate::store::scanned_user::{IdText, ScannedUser};

const USER_V1: u8 = 1;
/// Version 1 and what came later.
const USER_V2: u8 = 2;
/// Version 2 and the unionid, of users who have another one than their columns say.
const USER_V3: u8 = 3;

/// A user without its id, which is the key. Numbers are postcard varints; order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredUser<'a> {
    number: u64,
    #[serde(borrow)]
    openid: StoredId<'a>,
    #[serde(borrow)]
    conversation_id: StoredId<'a>,
    id_type: StoredIdType,
    status: StoredStatus,
    rank_level: i64,
    auth_type: i64,
    user_type: StoredUserType,
    name: &'a str,
    phone: Option<&'a str>,
    picture: &'a str,
    id_number: &'a str,
    level: &'a str,
    company_id: &'a str,
    parent_id: &'a str,
    promo_code: &'a str,
    group_id: &'a str,
    #[serde(borrow)]
    email: StoredEmail<'a>,
    password_hash: Option<&'a str>,
    token_key: &'a [u8],
    created_ms: i64,
    updated_ms: i64,
}

/// Fields that version 2 adds.
#[derive(Serialize, Deserialize)]
struct StoredAdditions<'a> {
    email_visibility: bool,
    verified: bool,
    given_number: Option<&'a str>,
    columns: Option<&'a str>,
}

impl StoredAdditions<'_> {
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

impl<'a> From<&'a User> for StoredAdditions<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            email_visibility: user.email_visibility,
            verified: user.verified,
            given_number: user.given_number.as_deref(),
            columns: user.columns.as_deref(),
        }
    }
}

/// An id that is nearly always a UUID: 16 bytes instead of 36.
#[derive(Serialize, Deserialize)]
enum StoredId<'a> {
    Uuid([u8; 16]),
    Text(&'a str),
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
enum StoredEmail<'a> {
    None,
    Native,
    Text(&'a str),
}

impl<'a> StoredId<'a> {
    fn pack(id: &'a str) -> Self {
        match Uuid::try_parse(id) {
            Ok(uuid) if uuid.hyphenated().to_string() == id => Self::Uuid(uuid.into_bytes()),
            _ => Self::Text(id),
        }
    }

    fn scanned(self) -> IdText<'a> {
        match self {
            Self::Uuid(bytes) => IdText::Uuid(Uuid::from_bytes(bytes)),
            Self::Text(text) => IdText::Text(text),
        }
    }

    fn unpack(self) -> String {
        match self {
            Self::Uuid(bytes) => Uuid::from_bytes(bytes).hyphenated().to_string(),
            Self::Text(text) => text.to_owned(),
        }
    }
}

impl<'a> From<&'a User> for StoredUser<'a> {
    fn from(user: &'a User) -> Self {
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
            name: &user.name,
            phone: user.phone.as_ref().map(Phone::as_str),
            picture: &user.picture,
            id_number: &user.id_number,
            level: &user.level,
            company_id: &user.company_id,
            parent_id: &user.parent_id,
            promo_code: &user.promo_code,
            group_id: &user.group_id,
            email: match &user.email {
                None => StoredEmail::None,
                Some(_) if user.has_native_email() => StoredEmail::Native,
                Some(email) => StoredEmail::Text(email),
            },
            password_hash: user.password_hash.as_deref(),
            token_key: user.token_key.as_bytes(),
            created_ms: user.created.as_millisecond(),
            updated_ms: user.updated.as_millisecond(),
        }
    }
}

impl StoredUser<'_> {
    /// `None` when a field has a value that this program would never have written.
    fn into_user(
        self,
        more: &StoredAdditions<'_>,
        unionid: Option<Cow<'_, str>>,
        id: RecordId,
    ) -> Option<User> {
        let openid = OpenId::parse(&self.openid.unpack())?;
        let id_type = match self.id_type {
            StoredIdType::WeChat => IdType::WeChat,
            StoredIdType::ManagePlatform => IdType::ManagePlatform,
        };
        Some(User {
            email: match self.email {
                StoredEmail::None => None,
                StoredEmail::Native => Some(User::native_email(id_type, &openid, &id)),
                StoredEmail::Text(email) => Some(email.to_owned()),
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
            name: self.name.to_owned(),
            phone: match self.phone {
                Some(phone) => Some(Phone::from_stored(phone.to_owned())?),
                None => None,
            },
            picture: self.picture.to_owned(),
            id_number: self.id_number.to_owned(),
            level: self.level.to_owned(),
            company_id: self.company_id.to_owned(),
            parent_id: self.parent_id.to_owned(),
            promo_code: self.promo_code.to_owned(),
            group_id: self.group_id.to_owned(),
            email_visibility: more.email_visibility,
            verified: more.verified,
            given_number: more.given_number.map(str::to_owned),
            unionid: unionid.map(Cow::into_owned),
            columns: more.columns.map(str::to_owned),
            password_hash: self.password_hash.map(str::to_owned),
            token_key: TokenKey::new(self.token_key),
            created: Timestamp::from_millisecond(self.created_ms).ok()?,
            updated: Timestamp::from_millisecond(self.updated_ms).ok()?,
        })
    }
}

impl<'a> StoredUser<'a> {
    /// The fields, in the order of the columns.
    fn scanned(
        self,
        more: &StoredAdditions<'a>,
        unionid: Option<Cow<'a, str>>,
        id: &'a str,
    ) -> ScannedUser<'a> {
        let (origin, email) = match self.email {
            StoredEmail::None => (NO_EMAIL, ""),
            StoredEmail::Native => (NATIVE_EMAIL, ""),
            StoredEmail::Text(email) => (GIVEN_EMAIL, email),
        };
        ScannedUser {
            number: self.number,
            texts: [
                id,
                // An openid may be an UUID.
                "",
                self.name,
                self.phone.unwrap_or_default(),
                email,
                self.id_number,
                self.level,
                self.company_id,
                self.parent_id,
                self.promo_code,
                self.group_id,
                more.given_number.unwrap_or_default(),
            ],
            numbers: [
                matches!(self.id_type, StoredIdType::ManagePlatform).into(),
                matches!(self.status, StoredStatus::Active).into(),
                matches!(self.user_type, StoredUserType::Registered).into(),
                self.rank_level,
                self.auth_type,
                origin,
                more.email_visibility.into(),
                more.verified.into(),
                self.created_ms,
                self.updated_ms,
            ],
            openid: self.openid.scanned(),
            conversation_id: self.conversation_id.scanned(),
            picture: self.picture,
            unionid: unionid.unwrap_or_default(),
            columns: more.columns.unwrap_or_default(),
        }
    }
}

/// The bytes of a user.
pub fn encode_user(user: &User) -> Result<Vec<u8>, Error> {
    let id = user.id.as_str();
    let stored = StoredUser::from(user);
    let more = StoredAdditions::from(user);
    let unionid = user.unionid.as_deref();
    if unionid != own_unionid(more.columns).as_deref() {
        encode(id, USER_V3, &(stored, more, unionid))
    } else if more.is_none() {
        encode(id, USER_V1, &stored)
    } else {
        encode(id, USER_V2, &(stored, more))
    }
}

/// The user in `bytes`, stored under the key `id`.
pub fn decode_user(id: &str, bytes: &[u8]) -> Result<User, Error> {
    let user = read(id, bytes)
        .and_then(|(stored, more, unionid)| stored.into_user(&more, unionid, RecordId::parse(id)?));
    user.ok_or_else(|| Error::Damaged(format!("user {id}")))
}

/// Fields for a scan, of the user in `bytes`, stored under the key `id`.
pub fn decode_scanned_user<'a>(id: &'a str, bytes: &'a [u8]) -> Result<ScannedUser<'a>, Error> {
    let user = read(id, bytes);
    let user = user.map(|(stored, more, unionid)| stored.scanned(&more, unionid, id));
    user.ok_or_else(|| Error::Damaged(format!("user {id}")))
}

/// Parts of a stored user, and the unionid.
type Parts<'a> = (StoredUser<'a>, StoredAdditions<'a>, Option<Cow<'a, str>>);

/// The parts of a user of any version: one that says nothing of a unionid has the one of its columns.
fn read<'a>(id: &str, bytes: &'a [u8]) -> Option<Parts<'a>> {
    match version(bytes) {
        Some(USER_V3) => {
            let (stored, more, unionid): (_, _, Option<&str>) = decode(id, USER_V3, bytes)?;
            Some((stored, more, unionid.map(Cow::Borrowed)))
        }
        Some(USER_V2) => {
            let (stored, more): (_, StoredAdditions<'a>) = decode(id, USER_V2, bytes)?;
            let unionid = own_unionid(more.columns).map(Cow::Owned);
            Some((stored, more, unionid))
        }
        _ => Some((decode(id, USER_V1, bytes)?, StoredAdditions::NONE, None)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/user_v1.bin");
    const GOLDEN_V2: &[u8] = include_bytes!("../../../tests/fixtures/stored/user_v2.bin");
    const GOLDEN_V3: &[u8] = include_bytes!("../../../tests/fixtures/stored/user_v3.bin");

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
    fn version_3_of_a_user_is_read_as_it_was_written() {
        let user = User {
            unionid: Some("oAbC_1-x".into()),
            columns: Some(r#"{"x":1}"#.into()),
            ..user()
        };
        assert_eq!(decode_user("qs1c5qev8o3hjvu", GOLDEN_V3).unwrap(), user);
        assert_eq!(encode_user(&user).unwrap(), GOLDEN_V3);
    }

    /// Users who were imported before there was the field: their bytes stay as they are, and their column is what the field says.
    #[test]
    fn a_column_of_that_name_is_the_unionid_until_another_is_set() {
        for (column, unionid) in [
            (r#""oX""#, Some("oX")),
            (r#""a\"b""#, Some("a\"b")),
            ("17", Some("17")),
            (r#""""#, None),
            ("null", None),
        ] {
            let columns = Some(format!(r#"{{"x":"unionid","unionid":{column}}}"#));
            let had = User {
                unionid: unionid.map(str::to_owned),
                columns,
                ..user()
            };
            let bytes = encode_user(&had).unwrap();
            assert_eq!(version(&bytes), Some(USER_V2), "{column}");
            assert_eq!(decode_user(had.id.as_str(), &bytes).unwrap(), had);
            for set in [Some("oY"), None] {
                let set = User {
                    unionid: set.map(str::to_owned),
                    ..had.clone()
                };
                let bytes = encode_user(&set).unwrap();
                assert_eq!(decode_user(set.id.as_str(), &bytes).unwrap(), set);
                let scanned = decode_scanned_user(set.id.as_str(), &bytes).unwrap();
                assert_eq!(scanned.unionid, set.unionid.unwrap_or_default());
            }
        }
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
