//! Contents of a database, in numbers.

use jiff::Timestamp;

/// Contents of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Time at which the file was made, if it is a backup.
    pub made: Option<Timestamp>,
    /// Users.
    pub users: u64,
    /// Companies.
    pub companies: u64,
    /// Superusers.
    pub superusers: u64,
    /// Events.
    pub events: u64,
    /// Pictures of users.
    pub avatars: u64,
}
