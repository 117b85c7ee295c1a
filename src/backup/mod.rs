//! Backups: copies of the database in one folder, by name; those that the server makes by itself; copies of them in a bucket.

mod alarm;
mod copies;
mod error;
mod exclusive;
mod files;
mod folder;
mod incoming;
mod name;
mod remains;
mod s3;
pub mod schedule;

pub use self::copies::{add, copy, create, restore};
pub use self::error::Error;
pub use self::exclusive::{exclusive, is_busy};
pub use self::files::{Backup, delete, find, list, rename};
pub use self::incoming::{Incoming, Received};
pub use self::name::{NAME_MAX, Name, WrongName};
pub use self::remains::{is_missing, newest_remains};
pub use self::s3::Bucket;
