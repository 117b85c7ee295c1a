//! Options and outcome of a restoration.

use std::path::PathBuf;

use super::contents::Contents;
use crate::clock::Clock;
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

/// Outcome of a restoration.
#[derive(Clone, Debug)]
pub struct Restored {
    /// Contents of the database now.
    pub contents: Contents,
    /// Where the database before it is now, if there was one.
    pub before: Option<PathBuf>,
    /// How many users and superusers have a new token key, because theirs was changed since the backup.
    pub revoked: u64,
}
