//! The identity of a person among the apps of one WeChat account.

/// A WeChat unionid: 1 to 128 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnionId(String);

impl UnionId {
    /// The longest unionid that is kept (WeChat does not document a length).
    pub const MAX_LEN: usize = 128;

    /// Takes a unionid as WeChat gave it; `None` when it is empty, too long or has other characters in it.
    #[must_use]
    pub fn parse(unionid: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&unionid.len());
        let is_visible = unionid.bytes().all(|byte| byte.is_ascii_graphic());
        (fits && is_visible).then(|| Self(unionid.to_owned()))
    }

    /// The unionid as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<UnionId> for String {
    fn from(unionid: UnionId) -> Self {
        unionid.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unionid_is_of_visible_ascii() {
        for fine in ["o", "oX-1_a", &"u".repeat(128)] {
            assert_eq!(UnionId::parse(fine).unwrap().as_str(), fine);
        }
        for odd in ["", " ", "a b", "a\n", "张", &"u".repeat(129)] {
            assert_eq!(UnionId::parse(odd), None, "{odd:?}");
        }
    }
}
