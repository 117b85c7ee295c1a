//! State of the database that a server keeps in memory.

use crate::domain::{Collections, IssuedToken, RevocationWindow, ServerKey};

/// State of the database, besides its records, that a server keeps in memory for as long as it runs.
#[derive(Clone)]
pub struct Remembered {
    /// The token keys, oldest first.
    pub token_keys: Vec<ServerKey>,
    /// The times whose tokens are void.
    pub revocation_windows: Vec<RevocationWindow>,
    /// The tokens that ended before their time, each by itself.
    pub ended_tokens: Vec<IssuedToken>,
    /// The collections as they were imported; `None`: they began here.
    pub collections: Option<Collections>,
}
