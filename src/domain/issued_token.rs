//! Tokens as they are told apart.

use jiff::Timestamp;

/// Random or secret bytes that no other token has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenId([u8; 16]);

impl TokenId {
    /// The id that the bytes begin with; `None`: there are too few.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().copied().map(Self)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A token that was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuedToken {
    /// Its id.
    pub id: TokenId,
    /// The first moment at which it is not valid any more.
    pub expires: Timestamp,
}
