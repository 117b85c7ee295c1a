//! The link by which the first superuser is made.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
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
    until: Timestamp,
}

impl SetUp {
    /// Makes a link that is good from `now` on; the one before it is void. Its secret has 256 random bits.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn make(&self, random: &Random, now: Timestamp) -> Result<String, NoEntropy> {
        let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random.bytes::<32>()?));
        let until = now.checked_add(SET_UP_TIME).unwrap_or(now);
        self.put(Some(Link { digest: digest(&secret), until }));
        Ok(secret)
    }

    /// Takes the link if this is its secret and it is still good: of several who have it one gets it.
    pub fn take(&self, secret: &str, now: Timestamp) -> Option<Link> {
        let mut link = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = digest(secret);
        link.take_if(|link| bool::from(link.digest.ct_eq(&digest)) && now < link.until)
    }

    /// Puts back a link that was not used, or none.
    pub fn put(&self, link: Option<Link>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = link;
    }
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
