//! Errors of single blocks: damaged, or not readable.

use std::io;

/// The bytes of a block are not those that were written.
#[derive(Debug, thiserror::Error)]
#[error("block {block} of the file is damaged")]
struct Damage {
    block: u64,
}

/// The disk does not give a block.
#[derive(Debug, thiserror::Error)]
#[error("block {block} of the file cannot be read: {reason}")]
struct Unread {
    block: u64,
    reason: String,
}

/// The error of a block whose bytes are not those that were written.
pub fn damaged(block: u64) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Damage { block })
}

/// The error of a block that the disk does not give.
pub fn unread(block: u64, error: &io::Error) -> io::Error {
    io::Error::other(Unread {
        block,
        reason: error.to_string(),
    })
}

/// Tells whether an error is a block whose bytes are not those that were written.
pub fn is_damage(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Damage>)
}

/// Tells whether an error is a block that the disk does not give.
pub fn is_unread(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Unread>)
}
