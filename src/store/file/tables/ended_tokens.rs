//! Tokens that ended before their time.

use redb::ReadableTable;

use super::{META_ENDED_TOKENS, Tables};
use crate::domain::IssuedToken;
use crate::store::Error;
use crate::store::stored;

impl Tables<'_> {
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
