//! Superusers who take tokens of others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::{RecordId, TokenKey};

/// Bytes of a fingerprint.
const LEN: usize = 16;

/// A superuser who took a token of somebody else, and a fingerprint of the token key that the superuser had then. The key
/// itself is not in the token: it opens nothing of the superuser's, even to whoever has the server's keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Impersonator {
    id: String,
    k: String,
}

impl Impersonator {
    /// The superuser with this id and token key.
    #[must_use]
    pub fn new(id: &RecordId, token_key: &TokenKey) -> Self {
        Self {
            id: id.to_string(),
            k: fingerprint(token_key),
        }
    }

    /// The superuser's record; nothing if the id is none.
    #[must_use]
    pub fn id(&self) -> Option<RecordId> {
        RecordId::parse(&self.id)
    }

    /// Whether the superuser had this token key then.
    #[must_use]
    pub fn had(&self, token_key: &TokenKey) -> bool {
        self.k
            .as_bytes()
            .ct_eq(fingerprint(token_key).as_bytes())
            .into()
    }
}

fn fingerprint(token_key: &TokenKey) -> String {
    let hash = Sha256::new()
        .chain_update(b"bai token key ")
        .chain_update(token_key.as_bytes())
        .finalize();
    STANDARD_NO_PAD.encode(&hash[..LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impersonator_had_one_key_and_no_other() {
        let id = RecordId::parse("qs1c5qev8o3hjvu").unwrap();
        let impersonator = Impersonator::new(&id, &TokenKey::new([9; 16]));
        assert_eq!(impersonator.id(), Some(id));
        assert!(
            impersonator.had(&TokenKey::new([9; 16])) && !impersonator.had(&TokenKey::new([8; 16]))
        );
        assert!(
            !serde_json::to_string(&impersonator)
                .unwrap()
                .contains(&STANDARD_NO_PAD.encode([9; 16]))
        );
    }
}
