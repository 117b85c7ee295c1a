//! What the schedule has to know after a restart and cannot see: a small file among the backups.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::domain::DatabaseIdentity;

/// A name that no backup has.
const NAME: &str = ".schedule.json";

/// What is noted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Noted {
    /// The id of the database that the uploads are of; nothing in notes from before databases had ids.
    pub database: Option<String>,
    /// The backups that are in the bucket and were read back.
    pub uploaded: BTreeSet<String>,
    /// An upload that has begun.
    pub unfinished: Option<Upload>,
    /// Somebody was told of a failure, and is not told again before then.
    pub told_until: Option<Timestamp>,
    /// The trouble that they were told of; of another they are told at once.
    pub told: Option<String>,
}

/// An upload that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Of which backup.
    pub name: String,
    /// What the bucket calls it.
    pub id: String,
}

/// The file, and what is in it.
pub struct Notes {
    folder: PathBuf,
    noted: Mutex<Noted>,
}

impl Notes {
    /// Those in `folder`. Without them, or if they cannot be read, nothing is known: what is in the bucket is uploaded again.
    pub fn open(folder: PathBuf) -> Self {
        let noted = match fs::read(folder.join(NAME)) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(%error, "the notes of the scheduled backups cannot be read; beginning new ones");
                Noted::default()
            }),
            Err(_) => Noted::default(),
        };
        Self {
            folder,
            noted: Mutex::new(noted),
        }
    }

    /// What is noted now.
    pub fn read(&self) -> Noted {
        self.lock().clone()
    }

    /// From now on the notes are those of this database: uploads that another one noted are not its own.
    pub fn claim(&self, identity: &DatabaseIdentity) {
        let id = identity.id.to_string();
        self.change(|noted| {
            let is_own = noted
                .database
                .as_ref()
                .map_or(identity.predates_ids, |noted| *noted == id);
            if !is_own {
                noted.uploaded.clear();
            }
            noted.database = Some(id);
        });
    }

    /// Changes what is noted, and the file if that is different then.
    pub fn change(&self, change: impl FnOnce(&mut Noted)) {
        let mut noted = self.lock();
        let before = noted.clone();
        change(&mut noted);
        if *noted != before
            && let Err(error) = write(&self.folder, &noted)
        {
            tracing::warn!(%error, "the notes of the scheduled backups cannot be written");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock()
    }
}

/// A file that is there is whole; only its owner may read it.
fn write(folder: &Path, noted: &Noted) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(noted)?)?;
    file.persist(folder.join(NAME))?;
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
            let notes = Notes::open(dir.path().to_owned());
            notes.claim(&identity);
            notes.read().uploaded.len()
        };
        let uploaded = Noted {
            uploaded: BTreeSet::from(["a".to_owned()]),
            ..Noted::default()
        };
        let note =
            || Notes::open(dir.path().to_owned()).change(|noted| noted.clone_from(&uploaded));
        note();
        assert_eq!(claimed(identity(1, true)), 1, "noted before there were ids");
        assert_eq!(claimed(identity(1, false)), 1);
        assert_eq!(claimed(identity(2, true)), 0);
        note();
        assert_eq!(
            claimed(identity(3, false)),
            0,
            "it is younger than these notes"
        );
    }

    #[test]
    fn notes_outlive_the_process_and_nonsense_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("backups");
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let notes = Notes::open(folder.clone());
        notes.change(|noted| {
            noted.uploaded.insert("a".into());
            noted.unfinished = Some(Upload {
                name: "b".into(),
                id: "u".into(),
            });
            noted.told_until = Some(at);
        });
        let again = Notes::open(folder.clone());
        assert_eq!(again.read(), notes.read());
        assert_eq!(again.read().told_until, Some(at));
        fs::write(folder.join(NAME), "{\"uploaded\": 1}").unwrap();
        assert_eq!(Notes::open(folder.clone()).read(), Noted::default());
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }
}
