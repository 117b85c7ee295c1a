//! Identity of a database: an id that its backups carry, and the place that the file had when it got the id.

use std::fs;
use std::io;
use std::path::Path;

use redb::{ReadTransaction, ReadableTableMetadata};
use sha2::{Digest, Sha256};

use super::engine::Engine;
use super::open::Mode;
use super::storage::Lock;
use super::tables::{META, Tables, USERS, read_identity};
use crate::domain::{DatabaseId, DatabaseIdentity, Place};
use crate::random::Random;
use crate::store::{Error, Location};

/// Page cache for reading a few pages.
const CACHE: usize = 1 << 20;
/// The file with a machine's id.
const MACHINE_ID: &str = "/etc/machine-id";

/// Identity of a database at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Its identity from now on.
    pub identity: DatabaseIdentity,
    /// True if its file is a copy of another database's, which keeps the id that both had.
    pub is_copy: bool,
}

/// Facts about a backup that are known without reading all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupInfo {
    /// Of which database it was made; `None`: of one that had no id yet.
    pub database: Option<DatabaseId>,
    /// Users.
    pub users: u64,
}

/// The identity in a database.
pub fn read(txn: &ReadTransaction) -> Result<Option<DatabaseIdentity>, Error> {
    read_identity(&txn.open_table(META)?)
}

/// Gives a database that has none an identity with `id`, and one whose file is a copy another identity.
pub fn assign(tables: &mut Tables<'_>, place: Place, id: DatabaseId) -> Result<Identified, Error> {
    let is_copy = match tables.identity()? {
        Some(identity) if identity.place.is_same(place) => {
            return Ok(Identified {
                identity,
                is_copy: false,
            });
        }
        known => known.is_some(),
    };
    let identity = DatabaseIdentity {
        id,
        place,
        predates_ids: !is_copy && !tables.is_new()?,
    };
    tables.set_identity(Some(&identity))?;
    Ok(Identified { identity, is_copy })
}

/// Gives `copy`, which takes the place of `live`, the identity of `live`: its backups stay its own.
///
/// A database without an identity gets one at its next start, which knows then that it is older than ids. Of one that is gone or
/// cannot be read nobody knows the id: the copy gets a new one.
pub fn take_over(copy: &Engine, live: Option<&Engine>, random: &Random) -> Result<(), Error> {
    let place = place_of(copy.location())?;
    let identity = match live.map(|live| live.read_once(read)) {
        Some(Ok(identity)) => identity.map(|identity| DatabaseIdentity { place, ..identity }),
        Some(Err(error)) if !matches!(error, Error::Damaged(_)) => return Err(error),
        Some(Err(_)) | None => Some(DatabaseIdentity {
            id: new_id(random)?,
            place,
            predates_ids: false,
        }),
    };
    Ok(copy.write(|tables| tables.set_identity(identity.as_ref()))?)
}

/// Keeps the identity of the database, whose records have come to a new file at `path`.
pub fn keep(tables: &mut Tables<'_>, path: &Path) -> Result<(), Error> {
    match tables.identity()? {
        Some(identity) => {
            let place = place_of(&Location::File(path.to_owned()))?;
            tables.set_identity(Some(&DatabaseIdentity { place, ..identity }))
        }
        None => Ok(()),
    }
}

/// The place of the database now. That of a file in no file system is always the same.
pub fn place_of(location: &Location) -> Result<Place, Error> {
    match location {
        Location::File(path) | Location::ReadOnly(path) => {
            let file =
                inode(path).map_err(|e| Error::Failed(format!("{}: {e}", path.display())))?;
            Ok(Place {
                machine: machine(),
                file,
            })
        }
        Location::Custom(_) => Ok(Place::default()),
    }
}

fn inode(path: &Path) -> io::Result<u64> {
    Ok(std::os::unix::fs::MetadataExt::ino(&fs::metadata(path)?))
}

/// A hash of the machine's id, which is nobody else's business.
fn machine() -> [u8; 16] {
    let text = fs::read_to_string(MACHINE_ID).unwrap_or_default();
    let mut machine = [0; 16];
    // What systemd writes before the first start of an image.
    if !["", "uninitialized"].contains(&text.trim()) {
        machine.copy_from_slice(&Sha256::digest(format!("bai {}", text.trim()))[..16]);
    }
    machine
}

pub fn new_id(random: &Random) -> Result<DatabaseId, Error> {
    random
        .bytes()
        .map(DatabaseId::new)
        .map_err(|e| Error::Failed(e.to_string()))
}

/// Reads what the backup in the file at `path` says of itself, of whichever version it is. Only a few pages are read, and nobody
/// who uses the file is disturbed.
///
/// # Errors
/// [`Error::Foreign`], [`Error::DamagedFile`] or [`Error::Open`].
pub fn read_backup_info(path: &Path) -> Result<BackupInfo, Error> {
    let location = Location::File(path.to_owned());
    let found = Engine::open(location, CACHE, Mode::ReadOnly(Lock::Nobody))
        .and_then(|engine| engine.read_once(info));
    found.map_err(|e| e.of_file(path))
}

fn info(txn: &ReadTransaction) -> Result<BackupInfo, Error> {
    let foreign = |e: redb::TableError| Error::Foreign {
        path: String::new(),
        reason: e.to_string(),
    };
    let meta = txn.open_table(META).map_err(foreign)?;
    Ok(BackupInfo {
        database: read_identity(&meta)?.map(|identity| identity.id),
        users: txn.open_table(USERS).map_err(foreign)?.len()?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::file_store::FileStore;
    use super::super::schema::CURRENT;
    use super::*;

    fn open(path: &Path) -> FileStore {
        FileStore::open(&Location::File(path.to_owned()), CACHE).unwrap()
    }

    async fn identified(path: &Path) -> Identified {
        open(path).ensure_identity(&Random::System).await.unwrap()
    }

    #[tokio::test]
    async fn a_file_keeps_its_id_under_any_name_and_a_copy_gets_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let first = identified(&path("a")).await;
        assert!(!first.is_copy && !first.identity.predates_ids);
        fs::rename(path("a"), path("b")).unwrap();
        assert_eq!(identified(&path("b")).await, first);
        fs::copy(path("b"), path("c")).unwrap();
        let copy = identified(&path("c")).await;
        assert!(
            copy.is_copy && !copy.identity.predates_ids && copy.identity.id != first.identity.id
        );
        assert_eq!(
            identified(&path("c")).await,
            Identified {
                is_copy: false,
                ..copy
            }
        );
        assert_eq!(identified(&path("b")).await, first);
        assert_eq!(
            read_backup_info(&path("c")).unwrap().database,
            Some(copy.identity.id)
        );
    }

    #[tokio::test]
    async fn a_database_that_was_there_without_an_id_predates_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bai.redb");
        CURRENT
            .open(&Location::File(path.clone()), CACHE)
            .and_then(|engine| Ok(engine.write(|tables| tables.set_revocation_windows(&[]))?))
            .unwrap();
        assert_eq!(
            read_backup_info(&path).unwrap(),
            BackupInfo {
                database: None,
                users: 0
            }
        );
        let found = identified(&path).await;
        assert!(!found.is_copy && found.identity.predates_ids);
        assert_eq!(identified(&path).await, found);
    }

    #[test]
    fn what_takes_the_place_of_a_database_has_its_id() {
        let dir = tempfile::tempdir().unwrap();
        let open = |name| {
            CURRENT
                .open(&Location::File(dir.path().join(name)), CACHE)
                .unwrap()
        };
        let (copy, live) = (open("copy"), open("live"));
        let place = place_of(copy.location()).unwrap();
        let random = Random::seeded(1);
        let theirs = DatabaseIdentity {
            id: DatabaseId::new([7; 16]),
            place,
            predates_ids: true,
        };
        copy.write(|tables| tables.set_identity(Some(&theirs)))
            .unwrap();
        take_over(&copy, Some(&live), &random).unwrap();
        assert_eq!(
            copy.read_once(read).unwrap(),
            None,
            "the next start gives one"
        );

        let ours = DatabaseIdentity {
            id: DatabaseId::new([8; 16]),
            place: place_of(live.location()).unwrap(),
            predates_ids: true,
        };
        live.write(|tables| tables.set_identity(Some(&ours)))
            .unwrap();
        take_over(&copy, Some(&live), &random).unwrap();
        assert_eq!(
            copy.read_once(read).unwrap(),
            Some(DatabaseIdentity { place, ..ours })
        );

        take_over(&copy, None, &random).unwrap();
        let new = copy.read_once(read).unwrap().unwrap();
        assert!(new.id != ours.id && new.place == place && !new.predates_ids);
    }

    #[test]
    fn what_is_no_database_tells_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.redb");
        for bytes in [&b""[..], b"text", &[7; 9_000]] {
            fs::write(&path, bytes).unwrap();
            assert!(
                matches!(read_backup_info(&path), Err(Error::Foreign { .. })),
                "{:?}",
                read_backup_info(&path)
            );
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert!(matches!(
            read_backup_info(&dir.path().join("none")),
            Err(Error::Foreign { .. })
        ));
    }
}
