//! Records, their changes, and what else a server keeps: the one place that knows a database engine.
//!
//! Whoever changes a record reads it, decides, and commits a list of writes, each with the record that it was decided on: see
//! [`Write`]. No rule and no closure runs in a transaction, and nothing of an engine leaves this module, so that a second engine
//! fits behind [`Store`]. What only a database in a file has is on [`Store::file`].
//!
//! Reads run in place and never wait for a writer. Writes are acknowledged only after they are on disk. Every operation may fail
//! with [`Error::Failed`] (nothing was stored), a read with [`Error::Damaged`], a write with [`Error::Unknown`].

mod avatars;
mod commit_rules;
mod commit_stats;
mod commit_tables;
mod error;
mod event_log;
mod events;
mod failure_write;
pub mod file;
mod follow_up;
mod handle;
mod location;
mod locks;
mod messages;
pub mod moving;
mod notices;
mod order;
mod outbox;
pub mod postgres;
mod postgres_settings;
mod record;
mod remembered;
mod scanned_user;
mod scanned_users;
mod state;
mod status;
mod stored;
pub mod suite;
mod text_index;
pub mod user_block;
mod user_lists;
mod write;

pub use error::Error;
pub use events::{EventBounds, FoundEvents, NewEvent};
pub use failure_write::FailureWrite;
pub use handle::Store;
pub use location::Location;
pub use locks::RecordLocks;
pub use order::{Cursor, Order};
pub use outbox::Outbox;
pub use postgres_settings::PostgresSettings;
pub use record::{Action, Change, Record};
pub use remembered::Remembered;
pub use scanned_user::ScannedUser;
pub use scanned_users::ScannedUsers;
pub use text_index::TextIndex;
pub use write::{CommitError, Conflict, Write};
