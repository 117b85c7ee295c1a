//! The id of a record.

use std::fmt;

/// The id of a record: 15 characters `[a-z0-9]`, as PocketBase makes them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

impl RecordId {
    /// Characters of an id.
    pub const LEN: usize = 15;
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

    /// An id from random bytes, two for each character (the bias of the remainder is under 0.06 %).
    #[must_use]
    pub fn from_random(bytes: [u8; 30]) -> Self {
        let pick = |pair: &[u8]| {
            let n = usize::from(u16::from_be_bytes([pair[0], pair[1]]));
            char::from(Self::ALPHABET[n % Self::ALPHABET.len()])
        };
        Self(bytes.chunks_exact(2).map(pick).collect())
    }

    /// Reads an id; `None` when it is not 15 characters `[a-z0-9]`.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let ok = id.len() == Self::LEN
            && id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        ok.then(|| Self(id.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_pocketbase_form() {
        let id = RecordId::from_random(std::array::from_fn(|i| u8::try_from(i * 7).unwrap()));
        assert_eq!(RecordId::parse(id.as_str()), Some(id));
        assert_eq!(RecordId::parse("ABCDEFGHIJKLMNO"), None);
        assert_eq!(RecordId::parse("abc"), None);
    }
}
