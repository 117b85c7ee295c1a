//! Options and outcome of a restoration.

use std::path::PathBuf;

use super::contents::Contents;
use crate::clock::Clock;
use crate::random::Random;

/// Options of a restoration.
#[derive(Clone)]
pub struct Restoration {
    /// The backup; it is only read.
    pub from: PathBuf,
    /// Lets tokens that were issued after the backup was made, or revoked since, be valid again.
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
    /// The place of the database before it, if there was one.
    pub before: Option<PathBuf>,
    /// Number of users and superusers who have a new token key, because theirs was changed since the backup.
    pub revoked: u64,
}
