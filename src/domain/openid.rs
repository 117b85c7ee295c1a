//! The identity of everybody.

use std::fmt;

use uuid::Uuid;

/// A WeChat openid or, for platform users, a GUID made by us. Opaque, 1 to 128 bytes; it never changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpenId(String);

impl OpenId {
    /// The longest openid that we keep, in bytes (WeChat does not document a length).
    pub const MAX_LEN: usize = 128;

    /// Takes an openid as WeChat gave it; `None` when it is empty, too long or has white space in it.
    #[must_use]
    pub fn parse(openid: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&openid.len());
        let clean = !openid.chars().any(|c| c.is_whitespace() || c.is_control());
        (fits && clean).then(|| Self(openid.to_owned()))
    }

    /// The openid as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Uuid> for OpenId {
    fn from(guid: Uuid) -> Self {
        Self(guid.hyphenated().to_string())
    }
}

impl fmt::Display for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
