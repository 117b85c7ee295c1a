//! Tokens that ended before their time.

use super::ENDED_TOKENS;
use super::{decode, encode, time};
use crate::domain::{IssuedToken, TokenId};
use crate::store::Error;

const ENDED_TOKENS_V1: u8 = 1;

/// The bytes of all of them: their ids, and when they expire in milliseconds.
pub fn encode_ended_tokens(tokens: &[IssuedToken]) -> Result<Vec<u8>, Error> {
    let stored: Vec<([u8; 16], i64)> = tokens
        .iter()
        .map(|token| (*token.id.as_bytes(), token.expires.as_millisecond()))
        .collect();
    encode(ENDED_TOKENS, ENDED_TOKENS_V1, &stored)
}

/// The tokens in `bytes`.
pub fn decode_ended_tokens(bytes: &[u8]) -> Result<Vec<IssuedToken>, Error> {
    let stored: Option<Vec<([u8; 16], i64)>> = decode(ENDED_TOKENS, ENDED_TOKENS_V1, bytes);
    let tokens = stored.and_then(|tokens| tokens.into_iter().map(token_of).collect());
    tokens.ok_or_else(|| Error::Damaged("ended tokens".to_owned()))
}

fn token_of((id, expires_ms): ([u8; 16], i64)) -> Option<IssuedToken> {
    Some(IssuedToken {
        id: TokenId::of(&id)?,
        expires: time(expires_ms)?,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/ended_tokens_v1.bin");

    #[test]
    fn version_1_of_the_tokens_is_read_as_it_was_written() {
        let token = |byte, ms| IssuedToken {
            id: TokenId::of(&[byte; 16]).unwrap(),
            expires: Timestamp::from_millisecond(ms).unwrap(),
        };
        let tokens = [token(1, 1_795_327_836_858), token(2, 0)];
        assert_eq!(decode_ended_tokens(GOLDEN).unwrap(), tokens);
        assert_eq!(encode_ended_tokens(&tokens).unwrap(), GOLDEN);
    }

    proptest! {
        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode_ended_tokens(&bytes);
        }
    }
}
