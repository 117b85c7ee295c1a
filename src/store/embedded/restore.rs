//! A backup in the place of the database.
//!
//! It is copied beside the database and verified there; then the token rules of docs/decisions/0009-restore.md are
//! applied to the copy; then it gets the database's name, in one step. Whatever fails before that step, or stops it, leaves the
//! database as it was.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::check::check;
use super::engine::{Engine, Mode};
use super::revoke::{self, revoke};
use super::schema::{self, beside, folder_of, remove_if_there, sync_folder};
use super::tables;
use super::{Embedded, identity, room};
use crate::store::{Contents, Error, Location, Remembered, Restoration, Restored};

/// Page cache of the copy.
const CACHE: usize = 16 << 20;
/// What the copy is called until it has the database's name.
const STAGED: &str = ".restore.new";

impl Embedded {
    pub fn restore(
        &self,
        asked: Restoration,
        follow: impl FnOnce(&Remembered) + Send + 'static,
    ) -> Result<Restored, Error> {
        let Location::File(path) = self.engine.location() else {
            return Err(Error::Copy("the database is not in a file".into()));
        };
        let staged = Staged::new(path, &asked.from)?;
        let restored = self.writer.alone(move |engine| {
            let kept = staged.settle(Some(engine), &asked)?;
            let remembered = staged.remembered()?;
            let (contents, copy) = staged.close();
            let before = engine.replace(|path| swap(&copy, path, kept.at), || follow(&remembered))?;
            Ok(Restored { contents, before: Some(before), revoked: kept.revoked })
        })?;
        self.replaced.send_replace(());
        Ok(restored)
    }
}

/// Puts a backup in the place of the database at `path`, which no process may have open; it need not be there, or whole.
pub fn restore(path: &Path, asked: &Restoration) -> Result<Restored, Error> {
    let live = Live::open(path)?;
    let staged = Staged::new(path, &asked.from)?;
    let kept = staged.settle(live.engine(), asked)?;
    let (contents, copy) = staged.close();
    let before = match live {
        Live::Missing => place(&copy, path).map(|()| None),
        Live::Whole(_) | Live::Damaged(_) => swap(&copy, path, kept.at).map(Some),
    };
    let before = before.map_err(|e| unwritten(path, &e))?;
    Ok(Restored { contents, before, revoked: kept.revoked })
}

/// The database that is to be replaced, locked against other processes.
enum Live {
    Missing,
    Whole(Engine),
    Damaged(#[expect(dead_code, reason = "held for its lock")] File),
}

impl Live {
    fn open(path: &Path) -> Result<Self, Error> {
        if fs::metadata(path).map_or(0, |file| file.len()) == 0 {
            return Ok(Self::Missing);
        }
        match Engine::open(Location::File(path.to_owned()), CACHE, Mode::Look) {
            Ok(engine) => Ok(Self::Whole(engine)),
            Err(in_use @ Error::InUse { .. }) => Err(in_use),
            Err(_) => lock(path, File::try_lock).map(Self::Damaged),
        }
    }

    fn engine(&self) -> Option<&Engine> {
        match self {
            Self::Whole(engine) => Some(engine),
            Self::Missing | Self::Damaged(_) => None,
        }
    }
}

fn lock(path: &Path, how: fn(&File) -> Result<(), fs::TryLockError>) -> Result<File, Error> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| Error::Open { path: name.clone(), reason: e.to_string() })?;
    how(&file).map_err(|_| Error::InUse { path: name })?;
    Ok(file)
}

/// A verified copy of the backup beside the database.
struct Staged {
    engine: Engine,
    contents: Contents,
    /// Removed when it is dropped, unless it has got the database's name.
    file: Unfinished,
}

struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = remove_if_there(&self.0);
    }
}

impl Staged {
    fn new(database: &Path, from: &Path) -> Result<Self, Error> {
        let file = Unfinished(beside(database, STAGED));
        let source = lock(from, File::try_lock_shared)?;
        let len = source.metadata().map_err(|e| unwritten(&file.0, &e))?.len();
        if len == 0 {
            return Err(Error::Foreign { path: from.display().to_string(), reason: "it is empty".into() });
        }
        remove_if_there(&file.0).map_err(|e| unwritten(&file.0, &e))?;
        room::ensure(&file.0, len)?;
        copy(source, &file.0, database).map_err(|e| unwritten(&file.0, &e))?;
        let opened = schema::CURRENT.open_copy(&file.0, CACHE);
        let checked = opened.and_then(|engine| Ok((engine.read(check)?, engine)));
        let (contents, engine) = checked.map_err(|e| e.of_file(from))?;
        Ok(Self { engine, contents, file })
    }

    /// Gives the copy the identity of the database that goes, and ends the tokens that are to end, now.
    fn settle(&self, live: Option<&Engine>, asked: &Restoration) -> Result<revoke::Outcome, Error> {
        identity::inherit(&self.engine, live, &asked.random)?;
        revoke(&self.engine, self.contents.made, live, asked)
    }

    fn remembered(&self) -> Result<Remembered, Error> {
        self.engine.read(tables::remembered)
    }

    fn close(self) -> (Contents, Unfinished) {
        drop(self.engine);
        (self.contents, self.file)
    }
}

/// What a process that was killed has left.
pub fn forget_unfinished(database: &Path) {
    if let Err(error) = remove_if_there(&beside(database, STAGED)) {
        tracing::warn!(%error, "what is left of an unfinished restoration could not be removed");
    }
}

/// Copies to a file of whoever has `database`, or its folder.
fn copy(mut from: File, path: &Path, database: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut to = options.open(path)?;
    let like = if database.exists() { database } else { folder_of(database) };
    room::own_like(path, like)?;
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

/// Gives the database at `path` a second name, and then its own to `copy`: there is a whole database at `path` at every moment.
/// The second name.
fn swap(copy: &Unfinished, path: &Path, at: Timestamp) -> io::Result<PathBuf> {
    let stem = format!(".before-restore-{}", at.strftime("%Y%m%d-%H%M%S"));
    let mut before = beside(path, &stem);
    for n in 2.. {
        if !before.exists() {
            break;
        }
        before = beside(path, &format!("{stem}-{n}"));
    }
    // Some file systems have no second names.
    fs::hard_link(path, &before).or_else(|_| fs::copy(path, &before).map(drop))?;
    if let Err(error) = place(copy, path) {
        // Of two names of one file, renaming leaves both.
        let _ = fs::rename(&before, path).and_then(|()| remove_if_there(&before));
        return Err(error);
    }
    Ok(before)
}

fn place(copy: &Unfinished, path: &Path) -> io::Result<()> {
    fs::rename(&copy.0, path)?;
    sync_folder(path)
}

fn unwritten(path: &Path, error: &io::Error) -> Error {
    Error::Copy(format!("{}: {error}", path.display()))
}
