//! Token keys.

use serde::{Deserialize, Serialize};

use super::TOKEN_KEYS;
use super::{decode, encode, time};
use crate::domain::ServerKey;
use crate::store::Error;

const TOKEN_KEYS_V1: u8 = 1;

/// Secrets and when they were made, oldest first.
#[derive(Serialize, Deserialize)]
struct StoredTokenKeys(Vec<([u8; 32], i64)>);

/// The bytes of all token keys.
pub fn encode_token_keys(keys: &[ServerKey]) -> Result<Vec<u8>, Error> {
    let keys = keys
        .iter()
        .map(|key| (key.secret, key.created.as_millisecond()))
        .collect();
    encode(TOKEN_KEYS, TOKEN_KEYS_V1, &StoredTokenKeys(keys))
}

/// The token keys in `bytes`.
pub fn decode_token_keys(bytes: &[u8]) -> Result<Vec<ServerKey>, Error> {
    let stored: Option<StoredTokenKeys> = decode(TOKEN_KEYS, TOKEN_KEYS_V1, bytes);
    let keys = stored.and_then(|keys| keys.0.into_iter().map(key_of).collect());
    keys.ok_or_else(|| Error::Damaged("token keys".to_owned()))
}

fn key_of((secret, created_ms): ([u8; 32], i64)) -> Option<ServerKey> {
    Some(ServerKey {
        secret,
        created: time(created_ms)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_token_keys(&bytes);
        }
    }
}
