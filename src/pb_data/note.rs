//! Notes of a report. A new kind of note is a variant here: its words ([`Note::reason`]) group it.

use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// A part of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// Records that do not come.
    StaysBehind,
    /// Records that come otherwise than they were.
    ComesChanged,
    /// Logins that will not go as they went in PocketBase.
    LoginDiffers,
    /// Collections, columns, rules, indexes, files and settings that are not brought.
    LeftBehind,
}

impl Section {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 4] = [
        Self::StaysBehind,
        Self::ComesChanged,
        Self::LoginDiffers,
        Self::LeftBehind,
    ];

    /// Its name, as JSON and files have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::StaysBehind => "stays-behind",
            Self::ComesChanged => "comes-changed",
            Self::LoginDiffers => "login-differs",
            Self::LeftBehind => "left-behind",
        }
    }
}

/// A fact about an import that its operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A record does not come.
    Refused(Problem),
    /// A record comes otherwise than it was.
    Changed(Change),
    /// A login will not go as it went in PocketBase.
    Login(Login),
    /// Something is not brought.
    Left(Left),
}

/// A difference between a record there and the record that comes of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Change {
    /// A value that a record here cannot have is left out.
    #[error("comes without its {column}, which is {why}")]
    Without {
        /// The column.
        column: &'static str,
        /// The reason, in words that go on after "is".
        why: String,
    },
}

/// A difference of logins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Login {
    /// Links of users to providers of OAuth2.
    #[error("logins with {provider} (OAuth2) do not exist here; the users keep their other logins")]
    OAuth2 {
        /// Name of the provider.
        provider: String,
        /// Number of users who are linked to it.
        users: u64,
    },
}

/// A part of PocketBase that is not brought, with the number of what it holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Left {
    /// A collection that is not served here.
    #[error("the collection {name} with {records} records")]
    Collection {
        /// Its name.
        name: String,
        /// Number of its records.
        records: u64,
    },
    /// A view.
    #[error("the view {0}")]
    View(String),
    /// A column.
    #[error("{collection}.{name}: {why}, {records} records have a value in it")]
    Column {
        /// Its collection.
        collection: &'static str,
        /// Its name.
        name: String,
        /// The reason.
        why: &'static str,
        /// Number of records with a value in it.
        records: u64,
    },
    /// An index of the deployment's own.
    #[error("{collection}'s index {name} of {columns}{}", if *.is_unique { ": values of which PocketBase allowed one record may be in several here" } else { "" })]
    Index {
        /// The collection.
        collection: &'static str,
        /// Its name.
        name: String,
        /// The columns.
        columns: String,
        /// Whether no two records could have the same values in it.
        is_unique: bool,
    },
    /// Files of a file field, whose names come.
    #[error("the files of {collection}.{name}, of {records} records; their names come")]
    Files {
        /// The collection.
        collection: &'static str,
        /// The field.
        name: String,
        /// Number of records with files.
        records: u64,
    },
    /// Settings of PocketBase.
    #[error("the settings of {0}")]
    Settings(&'static str),
    /// JavaScript hooks.
    #[error("{files} files of hooks in {folder}")]
    Hooks {
        /// Number of files.
        files: u64,
        /// Their folder.
        folder: String,
    },
}

impl Note {
    /// The part of the report in which it stands.
    #[must_use]
    pub fn section(&self) -> Section {
        match self {
            Self::Refused(_) => Section::StaysBehind,
            Self::Changed(_) => Section::ComesChanged,
            Self::Login(_) => Section::LoginDiffers,
            Self::Left(_) => Section::LeftBehind,
        }
    }

    /// Words that are the same for all records of which it is said: notes of the same words are counted together.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Refused(problem) => problem.reason(),
            other => other.to_string(),
        }
    }

    /// The number of records, or of other things, of which it is said.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::Login(Login::OAuth2 { users, .. }) => *users,
            Self::Left(left) => left.count(),
            Self::Refused(_) | Self::Changed(_) => 1,
        }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(problem) => problem.fmt(f),
            Self::Changed(change) => change.fmt(f),
            Self::Login(login) => login.fmt(f),
            Self::Left(left) => left.fmt(f),
        }
    }
}

impl Left {
    fn count(&self) -> u64 {
        match self {
            Self::Collection { records, .. }
            | Self::Column { records, .. }
            | Self::Files { records, .. } => *records,
            Self::Hooks { files, .. } => *files,
            Self::View(_) | Self::Index { .. } | Self::Settings(_) => 1,
        }
    }
}
