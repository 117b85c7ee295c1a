//! The server's own secret.

use jiff::Timestamp;
use zeroize::Zeroize;

/// A key that tokens are encrypted with; it lives in the database file, so that one file is the whole backup.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerKey {
    /// The 32 secret bytes.
    pub secret: [u8; 32],
    /// Time at which it was made.
    pub created: Timestamp,
}

impl Drop for ServerKey {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}
