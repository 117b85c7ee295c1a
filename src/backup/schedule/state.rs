//! State that the schedule keeps over restarts and cannot find out otherwise: a small file among the backups.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::plan::{self, Scheduled};
use crate::backup::folder;
use crate::config;
use crate::domain::DatabaseIdentity;

/// A name that no backup has.
const NAME: &str = ".schedule.json";

/// Content of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The id of the database that the uploads are of; nothing in files from before databases had ids.
    pub database: Option<String>,
    /// The backups that are in the bucket and were read back.
    pub uploaded: BTreeSet<String>,
    /// An upload that has begun.
    pub unfinished: Option<UnfinishedUpload>,
    /// Time before which no alarm is sent again.
    #[serde(rename = "told_until")]
    pub next_alarm: Option<Timestamp>,
    /// The event of the last alarm; another one is sent at once.
    #[serde(rename = "told")]
    pub last_alarm: Option<String>,
    /// Whether the trouble of the last alarm is over, and nobody was told yet.
    pub is_recovered: bool,
}

/// An upload that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedUpload {
    /// The name of the backup.
    pub name: String,
    /// Its id in the bucket.
    pub id: String,
}

/// The file, and its content.
pub struct StateFile {
    folder: PathBuf,
    state: Mutex<State>,
}

impl StateFile {
    /// The file in `folder`. Without one, or if it cannot be read, nothing is known: what is in the bucket is uploaded again.
    pub fn open(folder: PathBuf) -> Self {
        let state = match fs::read(folder.join(NAME)) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(%error, "the notes of the scheduled backups cannot be read; beginning new ones");
                State::default()
            }),
            Err(_) => State::default(),
        };
        Self {
            folder,
            state: Mutex::new(state),
        }
    }

    /// The state now.
    pub fn read(&self) -> State {
        self.lock().clone()
    }

    /// Those of the backups in the folder that have to be in the bucket and are not, newest first.
    pub fn waiting(&self, here: &[Scheduled], bucket: &config::S3) -> Vec<Scheduled> {
        if !bucket.is_on() {
            return Vec::new();
        }
        plan::waiting(here, &self.read().uploaded, bucket.keep)
    }

    /// Makes the state that of this database: uploads of another one are not its own.
    pub fn claim(&self, identity: &DatabaseIdentity) {
        let id = identity.id.to_string();
        self.change(|state| {
            let is_own = state
                .database
                .as_ref()
                .map_or(identity.predates_ids, |database| *database == id);
            if !is_own {
                state.uploaded.clear();
            }
            state.database = Some(id);
        });
    }

    /// Changes the state, and the file if that is different then.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        let before = state.clone();
        change(&mut state);
        if *state != before
            && let Err(error) = write(&self.folder, &state)
        {
            tracing::warn!(%error, "the notes of the scheduled backups cannot be written");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// A file that is there is whole; only its owner may read it.
fn write(path: &Path, state: &State) -> io::Result<()> {
    folder::create(path)?;
    let mut file = NamedTempFile::new_in(path)?;
    file.write_all(&serde_json::to_vec(state)?)?;
    file.persist(path.join(NAME))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DatabaseId, Place};

    #[test]
    fn uploads_of_another_database_are_not_one_s_own() {
        let dir = tempfile::tempdir().unwrap();
        let identity = |byte, predates_ids| {
            let id = DatabaseId::new([byte; 16]);
            DatabaseIdentity {
                id,
                place: Place::default(),
                predates_ids,
            }
        };
        let claimed = |identity| {
            let file = StateFile::open(dir.path().to_owned());
            file.claim(&identity);
            file.read().uploaded.len()
        };
        let uploaded = State {
            uploaded: BTreeSet::from(["a".to_owned()]),
            ..State::default()
        };
        let save =
            || StateFile::open(dir.path().to_owned()).change(|state| state.clone_from(&uploaded));
        save();
        assert_eq!(claimed(identity(1, true)), 1, "saved before there were ids");
        assert_eq!(claimed(identity(1, false)), 1);
        assert_eq!(claimed(identity(2, true)), 0);
        save();
        assert_eq!(
            claimed(identity(3, false)),
            0,
            "it is younger than this state"
        );
    }

    #[test]
    fn state_outlives_the_process_and_nonsense_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("backups");
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let file = StateFile::open(folder.clone());
        file.change(|state| {
            state.uploaded.insert("a".into());
            state.unfinished = Some(UnfinishedUpload {
                name: "b".into(),
                id: "u".into(),
            });
            state.next_alarm = Some(at);
        });
        let again = StateFile::open(folder.clone());
        assert_eq!(again.read(), file.read());
        assert_eq!(again.read().next_alarm, Some(at));
        fs::write(folder.join(NAME), "{\"uploaded\": 1}").unwrap();
        assert_eq!(StateFile::open(folder.clone()).read(), State::default());
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }
}
