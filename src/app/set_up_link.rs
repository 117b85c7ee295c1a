//! Set-up link, by which the first superuser is created.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::random::{NoEntropy, Random};

/// Lifetime of a link.
pub const SET_UP_LINK_LIFETIME: Duration = Duration::from_mins(30);
/// Beginning of each secret, by which one is known where it should not be.
const PREFIX: &str = "bai_setup_";

/// The link that was issued, if there is one: only the hash of its secret, and only in memory.
#[derive(Default)]
pub struct SetUpLink(Mutex<Option<Issued>>);

/// An issued link.
pub struct Issued {
    digest: [u8; 32],
    /// Steady time.
    until_ms: i64,
}

impl SetUpLink {
    /// Issues a link that is good from `now_ms` on (steady time); the one before it is void. Its secret has 256 random bits.
    pub fn issue(&self, random: &Random, now_ms: i64) -> Result<String, NoEntropy> {
        let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random.bytes::<32>()?));
        let lifetime_ms = i64::try_from(SET_UP_LINK_LIFETIME.as_millis()).unwrap_or(i64::MAX);
        *self.0.lock() = Some(Issued {
            digest: digest(&secret),
            until_ms: now_ms.saturating_add(lifetime_ms),
        });
        Ok(secret)
    }

    /// Takes the link if this is its secret and it is still good: of several callers that have the secret one gets it.
    pub fn redeem(&self, secret: &str, now_ms: i64) -> Option<Issued> {
        let mut link = self.0.lock();
        let digest = digest(secret);
        link.take_if(|link| bool::from(link.digest.ct_eq(&digest)) && now_ms < link.until_ms)
    }

    /// Puts back a link that was redeemed for nothing.
    pub fn restore(&self, link: Issued) {
        *self.0.lock() = Some(link);
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
