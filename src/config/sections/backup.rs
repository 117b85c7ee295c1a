//! `[backup]`

use std::fmt;
use std::path::{Path, PathBuf, absolute};
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::{S3, Secret, masked};
use crate::config::parse::{between, is_web_address, optional_duration};

/// `[backup]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// The folder of the backups; empty: `backups` beside the database.
    pub dir: PathBuf,
    /// The time between two scheduled backups; `None`: there are none.
    #[serde(with = "optional_duration")]
    pub every: Option<Duration>,
    /// Scheduled backups that are kept in the folder.
    #[serde(deserialize_with = "between::<1, 10_000, _>")]
    pub keep: usize,
    /// MiB by which the database may grow while it is copied, before the copy is given up; at least its own length.
    #[serde(deserialize_with = "between::<0, 1_073_741_824, _>")]
    pub max_growth_mib: usize,
    /// Receivers of the alarm that a backup failed or is overdue.
    pub on_failure: OnFailure,
    /// Bucket for scheduled backups.
    pub s3: S3,
}

/// `backup.on_failure`
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OnFailureForm")]
pub enum OnFailure {
    /// Nobody.
    #[default]
    Nobody,
    /// A program and its arguments.
    Command(Vec<String>),
    /// A URL, which often holds a key.
    Webhook(Secret),
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a list such as [\"/usr/local/bin/tell\", \"me\"], or a URL"
)]
enum OnFailureForm {
    Url(String),
    Command(Vec<String>),
}

impl TryFrom<OnFailureForm> for OnFailure {
    type Error = &'static str;

    fn try_from(form: OnFailureForm) -> Result<Self, Self::Error> {
        match form {
            OnFailureForm::Url(url) if url.is_empty() => Ok(Self::Nobody),
            OnFailureForm::Url(url) if is_web_address(&url) => {
                Ok(Self::Webhook(url.as_str().into()))
            }
            OnFailureForm::Command(words) if words.is_empty() => Ok(Self::Nobody),
            OnFailureForm::Command(words) if !words[0].is_empty() && !is_web_address(&words[0]) => {
                Ok(Self::Command(words))
            }
            _ => Err(
                "expected a program and its arguments such as [\"/usr/local/bin/tell\", \"me\"], \
                      or a URL such as \"https://example.com/hook\"",
            ),
        }
    }
}

impl Serialize for OnFailure {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nobody => Vec::<String>::new().serialize(output),
            Self::Command(words) => words
                .iter()
                .map(|word| masked(word))
                .collect::<Vec<_>>()
                .serialize(output),
            Self::Webhook(url) => url.serialize(output),
        }
    }
}

/// Without users and passwords in URLs.
impl fmt::Debug for OnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("Nobody"),
            Self::Command(words) => write!(f, "Command({})", masked(&format!("{words:?}"))),
            Self::Webhook(url) => write!(f, "Webhook({url:?})"),
        }
    }
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            dir: PathBuf::new(),
            every: None,
            keep: 7,
            max_growth_mib: 256,
            on_failure: OnFailure::Nobody,
            s3: S3::default(),
        }
    }
}

impl Backup {
    /// The folder of the backups of the database at `database`.
    #[must_use]
    pub fn folder(&self, database: &Path) -> PathBuf {
        match self.dir.as_os_str().is_empty() {
            true => database.with_file_name("backups"),
            false => self.dir.clone(),
        }
    }

    /// Settings that do not go together, if any.
    pub(in crate::config) fn conflict(&self) -> Option<&'static str> {
        let lacks = |part: &str| self.s3.is_on() && part.is_empty();
        if self.s3.is_on() && self.every.is_none() {
            Some(
                "backup.s3.bucket is set, but only scheduled backups go there: set backup.every, e.g. to \"1d\"",
            )
        } else if lacks(self.s3.endpoint.expose())
            || lacks(self.s3.access_key.expose())
            || lacks(self.s3.secret_key.expose())
        {
            Some(
                "backup.s3.bucket is set, which needs backup.s3.endpoint, backup.s3.access_key and \
                 backup.s3.secret_key (or BAI_BACKUP__S3__SECRET_KEY and the like in the environment)",
            )
        } else {
            None
        }
    }

    /// Whether that is the folder which `database` itself is in.
    #[must_use]
    pub fn is_beside(&self, database: &Path) -> bool {
        // By their parts, so that "x/." and "x/" are "x".
        let parts = |path: PathBuf| {
            absolute(path)
                .map(|path| path.components().collect::<PathBuf>())
                .ok()
        };
        let own = absolute(database)
            .ok()
            .and_then(|path| path.parent().map(Path::to_owned));
        !self.dir.as_os_str().is_empty() && parts(self.dir.clone()) == own.and_then(parts)
    }
}
