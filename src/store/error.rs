//! What goes wrong in the store.

/// Why the store could not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the file.
    #[error("{path} is in use by another process; one bai serves one database file")]
    InUse {
        /// The file.
        path: String,
    },
    /// The file was written by an older program, and may not be changed.
    #[error("{path} is of an older version of bai; start this bai on it to bring it up to date")]
    OlderSchema {
        /// The file.
        path: String,
    },
    /// The file was written by a newer program.
    #[error("{path} has schema version {found}, this bai knows up to {known}; start a newer bai on it")]
    NewerSchema {
        /// The file.
        path: String,
        /// The version in the file.
        found: u32,
        /// The newest version that this program can read.
        known: u32,
    },
    /// Not a database of ours.
    #[error("{path} is not a bai database: {reason}; set store.path to another file")]
    Foreign {
        /// The file.
        path: String,
        /// What was found instead.
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
    /// The file has bytes that were not written to it.
    #[error("{path} is damaged: {reason}; restore it from a backup")]
    DamagedFile {
        /// The file.
        path: String,
        /// What is damaged.
        reason: String,
    },
    /// A block or a record has bytes that were not written to it.
    #[error("damaged: {0}")]
    Damaged(String),
    /// The disk or the engine failed; nothing of the request was stored.
    #[error("storage failed: {0}")]
    Failed(String),
}
