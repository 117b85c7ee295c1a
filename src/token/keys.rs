//! The keys that tokens are encrypted with.

use pasetors::keys::SymmetricKey;
use pasetors::paserk::{FormatAsPaserk, Id};
use pasetors::version4::V4;

use crate::domain::ServerKey;

/// A key and its public name, a PASERK id (`k4.lid.…`), which a token's footer carries.
pub struct Key {
    id: String,
    /// The footer of the tokens that are made with it: JSON with its id as `kid`.
    pub footer: String,
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
        self.0.iter().find(|key| key.footer.as_bytes() == footer)
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
        let footer = format!(r#"{{"kid":"{id}"}}"#);
        Some(Self { id, footer, secret })
    }
}
