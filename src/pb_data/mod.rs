//! PocketBase's database, from which users come and to which they can go back.
//!
//! Only this module knows SQLite and PocketBase's tables. It reads them into records, brings records into the store, and
//! writes them into a new database; it asks nobody and prints nothing.

mod export;
mod import;
mod records;
mod row;
mod source;
mod source_tables;

use std::io;
use std::path::PathBuf;

pub use export::{Exported, Lifetimes, export};
pub use import::{Found, Summary, Tally, Watcher, import};
pub use records::{FIXED_FIELDS, Problem, USER_FIELDS};
pub use source::Source;

pub use crate::records::date::date_text;

use crate::{random, store};

/// Why nothing can be read, or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to read.
    #[error("{0} is neither a folder with PocketBase's data.db nor a backup of one (.zip)")]
    NotThere(PathBuf),
    /// A process is in the middle of a write.
    #[error("{0} is being written to: stop PocketBase, then try again")]
    Busy(PathBuf),
    /// It is a database, but not one that can be brought here.
    #[error("{path} cannot be brought here: {reason}")]
    Unfit {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The store holds what came from somewhere else.
    #[error(
        "the database already holds users of another PocketBase (collection {0}): import into a new store.path"
    )]
    AnotherDeployment(String),
    /// There is something where the new database would be.
    #[error("{0} is there already: name another folder")]
    Taken(PathBuf),
    /// SQLite.
    #[error("reading or writing PocketBase's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A file or a folder.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The random generator.
    #[error(transparent)]
    Random(#[from] random::NoEntropy),
}
