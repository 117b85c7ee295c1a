//! The link by which the first superuser is made.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::random::{NoEntropy, Random};

/// How long a link is good.
pub const SET_UP_TIME: Duration = Duration::from_mins(30);
/// What each secret begins with, so that one is known where it should not be.
const PREFIX: &str = "bai_setup_";

/// A link that was handed out, if there is one: only what its secret hashes to, and only in memory.
#[derive(Default)]
pub struct SetUp(Mutex<Option<Link>>);

/// What is known of a link.
pub struct Link {
    digest: [u8; 32],
    /// Steady time.
    until_ms: i64,
}

impl SetUp {
    /// Makes a link that is good from `now_ms` on (steady time); the one before it is void. Its secret has 256 random bits.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn make(&self, random: &Random, now_ms: i64) -> Result<String, NoEntropy> {
        let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random.bytes::<32>()?));
        let until_ms =
            now_ms.saturating_add(i64::try_from(SET_UP_TIME.as_millis()).unwrap_or(i64::MAX));
        self.put(Some(Link {
            digest: digest(&secret),
            until_ms,
        }));
        Ok(secret)
    }

    /// Takes the link if this is its secret and it is still good: of several who have it one gets it.
    pub fn take(&self, secret: &str, now_ms: i64) -> Option<Link> {
        let mut link = self.0.lock();
        let digest = digest(secret);
        link.take_if(|link| bool::from(link.digest.ct_eq(&digest)) && now_ms < link.until_ms)
    }

    /// Puts back a link that was not used, or none.
    pub fn put(&self, link: Option<Link>) {
        *self.0.lock() = link;
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
