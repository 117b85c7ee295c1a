//! Tokens that ended before their time.

use jiff::Timestamp;
use redb::ReadableTable;

use super::{META_ENDED_TOKENS, Tables};
use crate::domain::IssuedToken;
use crate::store::Error;
use crate::store::file::stored;

/// Number of tokens that are kept at most: all of them are one value.
const MAX: usize = 10_000;

impl Tables<'_> {
    /// Adds a token, and drops those whose time is over. Whether there was room for it.
    pub fn end_token(&mut self, token: IssuedToken, now: Timestamp) -> Result<bool, Error> {
        let mut ended = read_ended_tokens(&self.meta)?;
        ended.retain(|it| it.expires > now && it.id != token.id);
        if ended.len() >= MAX {
            return Ok(false);
        }
        ended.push(token);
        self.set_ended_tokens(&ended)?;
        Ok(true)
    }

    pub fn set_ended_tokens(&mut self, tokens: &[IssuedToken]) -> Result<(), Error> {
        let bytes = stored::encode_ended_tokens(tokens)?;
        self.meta.insert(META_ENDED_TOKENS, bytes.as_slice())?;
        Ok(())
    }
}

pub fn read_ended_tokens(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Vec<IssuedToken>, Error> {
    match meta.get(META_ENDED_TOKENS)? {
        Some(bytes) => stored::decode_ended_tokens(bytes.value()),
        None => Ok(Vec::new()),
    }
}
