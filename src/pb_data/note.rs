//! Notes of a report. A new kind of note is a variant here: its words ([`Note::reason`]) group it.

use serde::{Deserialize, Serialize};

pub use super::change::Change;
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

/// A difference of logins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Login {
    /// A rule that lets in fewer than the one here.
    #[error("{}", rule_words(.0.as_deref()))]
    Rule(Option<String>),
    /// Passwords log nobody in.
    #[error("logins by password are switched off in PocketBase, and go here")]
    PasswordIsOff,
    /// A second factor.
    #[error("PocketBase asks for a second factor (MFA), and here the password alone logs in")]
    Mfa,
    /// One-time passwords.
    #[error(
        "logins by one-time password (OTP) do not exist here: who has no other login cannot log in"
    )]
    Otp,
    /// Links of users to providers of OAuth2.
    #[error(
        "logins with {provider} (OAuth2) do not exist here: who has no other login cannot log in"
    )]
    OAuth2 {
        /// Name of the provider.
        provider: String,
        /// Number of users who are linked to it.
        users: u64,
    },
    /// A status that nobody ever set.
    #[error("users_status was never set (each is 0, or there is no such column): all may log in")]
    StatusNeverSet {
        /// Number of users.
        users: u64,
    },
}

fn rule_words(rule: Option<&str>) -> String {
    match rule {
        None => {
            "PocketBase lets nobody log in (authRule is null), and here everybody may".to_owned()
        }
        Some(rule) => format!(
            "PocketBase lets in whoever makes its authRule true, which does not hold here: {rule}"
        ),
    }
}

impl Login {
    /// Whether it opens or closes so much that somebody has to agree to it.
    #[must_use]
    pub fn needs_acceptance(&self) -> bool {
        !matches!(self, Self::StatusNeverSet { .. })
    }
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
            Self::Changed(change) => change.reason(),
            other => other.to_string(),
        }
    }

    /// The number of records, or of other things, of which it is said.
    #[must_use]
    pub fn count(&self) -> u64 {
        match self {
            Self::Login(Login::OAuth2 { users, .. } | Login::StatusNeverSet { users }) => *users,
            Self::Left(left) => left.count(),
            Self::Refused(_) | Self::Changed(_) | Self::Login(_) => 1,
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
