//! Errors of the store.

use std::path::Path;

/// Reason why the store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the file.
    #[error("{path} is in use by another process; one bai serves one database file")]
    InUse {
        /// The file.
        path: String,
    },
    /// The file was written by an older program, and may not be changed.
    #[error(
        "{path} is of an older bai (schema version {found}, this one works with {known}) and was left as it is: \"bai migrate\" \
         brings it up to date, and so does the start of the server (\"bai serve\"); both keep the file as it was beside it"
    )]
    OlderSchema {
        /// The file.
        path: String,
        /// The version in the file.
        found: u32,
        /// The version that this program works with.
        known: u32,
    },
    /// The file was written by a newer program.
    #[error(
        "{path} has schema version {found}, this bai knows up to {known}; start a newer bai on it"
    )]
    NewerSchema {
        /// The file.
        path: String,
        /// The version in the file.
        found: u32,
        /// The newest version that this program can read.
        known: u32,
    },
    /// Not a database of ours.
    #[error(
        "{path} is not a bai database: {reason}; take another file (the server's is store.path)"
    )]
    Foreign {
        /// The file.
        path: String,
        /// The difference from a database of ours.
        reason: String,
    },
    /// The file could not be opened or made.
    #[error("cannot open {path}: {reason}; check store.path and its folder")]
    Open {
        /// The file.
        path: String,
        /// The system's or the engine's words.
        reason: String,
    },
    /// There is no file, or nothing in it.
    #[error(
        "there is no database at {path}; see store.path, or restore a backup with \"bai restore\""
    )]
    Missing {
        /// The file.
        path: String,
    },
    /// Another file, or none, has the name of the open database.
    #[error(
        "{path} is not the file that was opened: it was removed or replaced while the server ran, so what is written now would \
         be lost; put it back, or restart the server on what is there"
    )]
    Moved {
        /// The file.
        path: String,
    },
    /// The file has bytes that were not written to it.
    #[error(
        "{path} is damaged: {reason}; restore the database from a backup that \"bai check\" finds whole"
    )]
    DamagedFile {
        /// The file.
        path: String,
        /// The damage.
        reason: String,
    },
    /// A new file could not be written.
    #[error("a new file could not be written: {0}")]
    Copy(String),
    /// The database grew too much while it was copied.
    #[error(
        "the copy was given up because the database grew by {grown} bytes meanwhile, and would not shrink again: the copy's disk \
         is too slow for so many writes; take another one, a quieter hour, or raise backup.max_growth_mib"
    )]
    Outgrown {
        /// Bytes.
        grown: u64,
    },
    /// The disk has not enough room for a new file.
    #[error(
        "{path} needs {needed} bytes, and its disk has {available} bytes free; make room, or take another folder"
    )]
    NoRoom {
        /// The file that was not begun.
        path: String,
        /// Bytes that it takes.
        needed: u64,
        /// Bytes that are free.
        available: u64,
    },
    /// The database is in no file, and what is asked for is done with files.
    #[error("the database is not in a file")]
    NotAFile,
    /// The URL of the database is none.
    #[error("store.url is no address of a PostgreSQL database: {0}")]
    Address(String),
    /// The database on PostgreSQL would lose or misplace something.
    #[error("{database} cannot be used: {reason}")]
    Unfit {
        /// The database, without user and password.
        database: String,
        /// The reason, and what to set.
        reason: String,
    },
    /// The tables on PostgreSQL are of an older program.
    #[error(
        "the tables of {database} are of an older bai (version {found}, this one works with {known}): \"bai migrate\" brings them \
         up to date, while servers of the older one go on"
    )]
    OlderTables {
        /// The database, without user and password.
        database: String,
        /// Their version.
        found: u32,
        /// The version that this program works with.
        known: u32,
    },
    /// The database does not answer, or takes no commits, for now. A write may be stored.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A block or a record has bytes that were not written to it.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The disk or the engine failed; nothing of the request was stored.
    #[error("storage failed: {0}")]
    Failed(String),
    /// The disk failed at the end of a write and cannot be asked: it is stored or not, and the next write that succeeds knows.
    #[error(
        "storage failed, and whether the last writes are stored is not known until it works again: {0}"
    )]
    Unknown(String),
}

impl Error {
    /// The same of the file that was asked about, when it was found in a copy of it.
    pub(super) fn of_file(self, file: &Path) -> Self {
        let path = file.display().to_string();
        match self {
            Self::Damaged(reason) | Self::DamagedFile { reason, .. } => {
                Self::DamagedFile { path, reason }
            }
            Self::NewerSchema { found, known, .. } => Self::NewerSchema { path, found, known },
            Self::OlderSchema { found, known, .. } => Self::OlderSchema { path, found, known },
            Self::Foreign { reason, .. } => Self::Foreign { path, reason },
            Self::Open { reason, .. } => Self::Open { path, reason },
            Self::Missing { .. } => Self::Foreign {
                path,
                reason: "it is empty, or not there".into(),
            },
            other => other,
        }
    }
}
