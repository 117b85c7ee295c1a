//! The keys that tokens are encrypted with.

use pasetors::keys::SymmetricKey;
use pasetors::paserk::{FormatAsPaserk, Id};
use pasetors::version4::V4;

use crate::domain::ServerKey;

/// The characters of a key's public name that a footer carries: enough to tell a handful of keys apart, and each one
/// more costs time at every request.
const FOOTER_LEN: usize = "k4.lid.".len() + 8;

/// A key and its public name, a PASERK id (`k4.lid.…`).
pub struct Key {
    id: String,
    /// Footer of the first tokens: JSON with the whole name.
    long_footer: String,
    pub secret: SymmetricKey<V4>,
}

/// At least one key; the newest signs, all verify.
pub struct Keys(Vec<Key>);

impl Keys {
    /// Takes the stored keys, oldest first; `None` when there are none.
    #[must_use]
    pub fn new(stored: &[ServerKey]) -> Option<Self> {
        let keys = stored.iter().map(Key::new).collect::<Option<Vec<_>>>()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    pub(super) fn newest(&self) -> &Key {
        &self.0[self.0.len() - 1]
    }

    /// The key that `footer` names.
    pub(super) fn find(&self, footer: &[u8]) -> Option<&Key> {
        self.0
            .iter()
            .find(|key| key.footer() == footer || key.long_footer.as_bytes() == footer)
    }
}

/// The public name of a key; `None` when it is not usable as one.
#[must_use]
pub fn key_id(key: &ServerKey) -> Option<String> {
    Key::new(key).map(|key| key.id)
}

impl Key {
    fn new(stored: &ServerKey) -> Option<Self> {
        let secret = SymmetricKey::from(&stored.secret).ok()?;
        let mut id = String::new();
        Id::from(&secret).fmt(&mut id).ok()?;
        let long_footer = format!(r#"{{"kid":"{id}"}}"#);
        Some(Self {
            id,
            long_footer,
            secret,
        })
    }

    /// The footer of the tokens that are made with it.
    pub fn footer(&self) -> &[u8] {
        &self.id.as_bytes()[..FOOTER_LEN]
    }
}
