//! Reasons why nothing can be imported or exported.

use std::io;
use std::path::PathBuf;

use crate::{random, store};

/// The reason why nothing can be imported or exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing to read.
    #[error(
        "{path} is neither a folder with PocketBase's data.db nor a backup of one (.zip): {found}"
    )]
    NotThere {
        /// The path.
        path: PathBuf,
        /// The thing that is there instead, and what helps.
        found: String,
    },
    /// There is nothing of that name, for this process.
    #[error(
        "{0} is neither a folder with PocketBase's data.db nor a backup of one (.zip): there is nothing of that name"
    )]
    Missing(PathBuf),
    /// A process is in the middle of a write.
    #[error("{0} is being written to: stop PocketBase, then try again")]
    Busy(PathBuf),
    /// PocketBase was started in the middle.
    #[error(
        "PocketBase was started while {0} was read, so nothing more of it has come: stop PocketBase, then import again"
    )]
    Started(PathBuf),
    /// It is a database, but not one that can be brought here.
    #[error("{path} cannot be brought here: {reason}")]
    Unfit {
        /// The database.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The store holds what came from somewhere else.
    #[error(
        "the database already holds {records} records of another PocketBase (collection {collection}): import into a new store.path"
    )]
    AnotherDeployment {
        /// Id of the collection of users that is here.
        collection: String,
        /// The number of users and companies here.
        records: u64,
    },
    /// Logins would go otherwise than in PocketBase, and nobody agreed to it.
    #[error(
        "some logins would not go here as they go in PocketBase: {0}. Nothing was brought: --accept brings it all the same, --dry-run says more"
    )]
    NotAccepted(String),
    /// A collection has fields for which no table can be made.
    #[error("the collection {collection} cannot be exported: {reason}")]
    Collection {
        /// The collection's name.
        collection: &'static str,
        /// The reason, and what helps.
        reason: String,
    },
    /// There is something where the new database would be.
    #[error("{0} is there already: name another folder")]
    Taken(PathBuf),
    /// SQLite.
    #[error("reading or writing PocketBase's database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A file or a folder.
    #[error("cannot read or write {path}: {cause}{}", help(.cause))]
    File {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: io::Error,
    },
    /// The private folder for copies.
    #[error(
        "cannot write {path}: {cause}; a copy of PocketBase's database goes there: make room, or name another folder by TMPDIR"
    )]
    Temporary {
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The random generator.
    #[error(transparent)]
    Random(#[from] random::NoEntropy),
}

fn help(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => {
            "; run it as the user of PocketBase or as root (a running bai reads with its own user), or name a copy that may be read"
        }
        _ => "",
    }
}
