//! Records as bytes: one version byte, a postcard value, and a CRC-32 of the key and all before it, little-endian.
//!
//! The sum tells a record that we wrote under this key from any other bytes; that the disk has not changed them, `blocks.rs`
//! sees to. Each version stays readable for good (tests/fixtures/stored holds a golden record of each).

mod avatar;
mod collections;
mod company;
mod ended_tokens;
mod event;
mod identity;
mod message;
mod names;
mod own_unionid;
mod revocation_windows;
mod superuser;
mod token_keys;
mod user;
mod user_block;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::avatar::{decode_avatar, encode_avatar};
pub use self::collections::{decode_collections, encode_collections};
pub use self::company::{decode_company, encode_company};
pub use self::ended_tokens::{decode_ended_tokens, encode_ended_tokens};
pub use self::event::{decode_event, decode_wanted_event, encode_event};
pub use self::identity::{decode_identity, encode_identity};
pub use self::message::{decode_message, encode_message};
pub use self::names::{COLLECTIONS, ENDED_TOKENS, IDENTITY, REVOCATION_WINDOWS, TOKEN_KEYS};
pub use self::revocation_windows::{decode_revocation_windows, encode_revocation_windows};
pub use self::superuser::{decode_superuser, encode_superuser};
pub use self::token_keys::{decode_token_keys, encode_token_keys};
pub use self::user::{decode_scanned_user, decode_user, encode_user};
pub use self::user_block::{decode_user_block, encode_user_block};
use crate::store::Error;

/// The version that the bytes say they have.
fn version(bytes: &[u8]) -> Option<u8> {
    bytes.first().copied()
}

fn time(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

fn encode(key: &str, version: u8, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = postcard::to_extend(value, vec![version])
        .map_err(|e| Error::Failed(format!("encoding: {e}")))?;
    let sum = checksum(key, &bytes);
    bytes.extend(sum);
    Ok(bytes)
}

fn decode<'a, T: Deserialize<'a>>(key: &str, version: u8, bytes: &'a [u8]) -> Option<T> {
    let (record, sum) = bytes.split_last_chunk()?;
    if checksum(key, record) != *sum {
        return None;
    }
    let (first, rest) = record.split_first()?;
    let (value, left) = postcard::take_from_bytes(rest).ok()?;
    (*first == version && left.is_empty()).then_some(value)
}

fn checksum(key: &str, record: &[u8]) -> [u8; 4] {
    let mut sum = crc32fast::Hasher::new();
    sum.update(key.as_bytes());
    sum.update(record);
    sum.finalize().to_le_bytes()
}
