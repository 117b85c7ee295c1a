//! What is asked of a restoration, and what it tells.

use std::path::PathBuf;

use super::Contents;
use crate::clock::Clock;
use crate::domain::{Collections, RevocationWindow, ServerKey};
use crate::random::Random;

/// How to put a backup in the place of the database.
#[derive(Clone)]
pub struct Restoration {
    /// The backup; it is only read.
    pub from: PathBuf,
    /// Whether tokens that were issued after the backup was made, or revoked since, may be valid again.
    pub keep_tokens: bool,
    /// The time.
    pub clock: Clock,
    /// For new token keys.
    pub random: Random,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the database holds now, and when that was.
    pub contents: Contents,
    /// Where the database before it is now, if there was one.
    pub before: Option<PathBuf>,
    /// How many users and superusers have a new token key, because theirs was changed since the backup.
    pub revoked: u64,
}

/// What a server remembers of its database for as long as it runs.
#[derive(Clone)]
pub struct Remembered {
    /// The token keys, oldest first.
    pub token_keys: Vec<ServerKey>,
    /// The times whose tokens are void.
    pub revocation_windows: Vec<RevocationWindow>,
    /// What is known of the collections; `None`: they began here.
    pub collections: Option<Collections>,
}
