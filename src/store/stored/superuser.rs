//! Superusers.

use serde::{Deserialize, Serialize};

use super::{decode, encode, time};
use crate::domain::{RecordId, Superuser, TokenKey};
use crate::store::Error;

const SUPERUSER_V1: u8 = 1;

/// A superuser without its id, which is the key. Order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredSuperuser {
    number: u64,
    email: String,
    email_visibility: bool,
    verified: bool,
    password_hash: String,
    token_key: Vec<u8>,
    created_ms: i64,
    updated_ms: i64,
}

impl StoredSuperuser {
    fn into_superuser(self, id: RecordId) -> Option<Superuser> {
        Some(Superuser {
            id,
            number: self.number,
            email: self.email,
            email_visibility: self.email_visibility,
            verified: self.verified,
            password_hash: self.password_hash,
            token_key: TokenKey::new(self.token_key),
            created: time(self.created_ms)?,
            updated: time(self.updated_ms)?,
        })
    }
}

/// The bytes of a superuser.
pub fn encode_superuser(superuser: &Superuser) -> Result<Vec<u8>, Error> {
    let stored = StoredSuperuser {
        number: superuser.number,
        email: superuser.email.clone(),
        email_visibility: superuser.email_visibility,
        verified: superuser.verified,
        password_hash: superuser.password_hash.clone(),
        token_key: superuser.token_key.as_bytes().to_vec(),
        created_ms: superuser.created.as_millisecond(),
        updated_ms: superuser.updated.as_millisecond(),
    };
    encode(superuser.id.as_str(), SUPERUSER_V1, &stored)
}

/// The superuser in `bytes`, stored under the key `id`.
pub fn decode_superuser(id: &str, bytes: &[u8]) -> Result<Superuser, Error> {
    let stored: Option<StoredSuperuser> = decode(id, SUPERUSER_V1, bytes);
    let superuser = stored.and_then(|stored| stored.into_superuser(RecordId::parse(id)?));
    superuser.ok_or_else(|| Error::Damaged(format!("superuser {id}")))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/superuser_v1.bin");

    #[test]
    fn version_1_of_a_superuser_is_read_as_it_was_written() {
        let superuser = Superuser {
            id: RecordId::parse("qs1c5qev8o3hjvu").unwrap(),
            number: 1,
            email: "root@example.com".into(),
            email_visibility: false,
            verified: true,
            password_hash: "$scrypt$...".into(),
            token_key: TokenKey::new([9; 16]),
            created: Timestamp::from_millisecond(1_795_327_836_858).unwrap(),
            updated: Timestamp::from_millisecond(1_795_327_836_859).unwrap(),
        };
        assert_eq!(
            decode_superuser("qs1c5qev8o3hjvu", GOLDEN).unwrap(),
            superuser
        );
        assert_eq!(encode_superuser(&superuser).unwrap(), GOLDEN);
    }
}
