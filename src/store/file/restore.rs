//! A backup in the place of the database.
//!
//! Its records are written to a new file beside the database; then the token rules of docs/decisions/0009-restore.md are
//! applied there; then it is verified and gets the database's name, in one step. Whatever fails before that step, or stops it,
//! leaves the database as it was.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::backup::{BEFORE_COMPACTION, COMPACTED, copy_of};
use super::check::{check, contents};
use super::contents::Contents;
use super::engine::Engine;
use super::folder::{beside, free_name, owner_of, remove_if_there};
use super::identity;
use super::layout::has_mark;
use super::new_file::{Filled, IMPORTED, MOVED, Unfinished, Verified};
use super::open::Mode;
use super::restoration::{Restoration, Restored};
use super::revoke::{self, End, MILLISECOND, revoke};
use super::schema::{CREATED, CURRENT, MIGRATED};
use super::storage::{Lock, open_for, resolve};
use super::tables::{self, Tables};
use super::writer::Writer;
use crate::domain::RevocationWindow;
use crate::store::{Error, Location, Remembered};

/// Page cache of the backup and of the copy.
const CACHE: usize = 16 << 20;
/// Suffix of the copy until it has the database's name.
const STAGED: &str = ".restore.new";

/// Puts a backup in the place of the open database, between two transactions; `follow` hears what is to be remembered from then
/// on.
pub fn restore_open(
    writer: &Writer,
    engine: &Engine,
    asked: Restoration,
    follow: impl FnOnce(&Remembered) + Send + 'static,
) -> Result<Restored, Error> {
    let path = engine.file().ok_or(Error::NotAFile)?;
    let staged = StagedBackup::new(path, &asked.from)?;
    writer.exclusive(move |engine| staged.replace(engine, &asked, follow))
}

/// Puts a backup in the place of the file at `path`, which no process may have open; it need not be whole, or there.
///
/// # Errors
/// Each variant of [`Error`]: nothing was changed.
pub fn restore(path: &Path, asked: &Restoration) -> Result<Restored, Error> {
    let path = resolve(path);
    let live = Live::open(&path)?;
    let staged = StagedBackup::new(&path, &asked.from)?;
    let kept = staged.finish_tokens(live.engine(), asked, End::Now)?;
    let verified = staged.finish()?;
    let contents = verified.contents();
    let before = match live {
        Live::Missing => verified.place(&path).map(|()| None)?,
        Live::Whole(_) | Live::Damaged(_) => {
            let before = name_before(&path, kept.at);
            verified.swap(&path, &before)?;
            Some(before)
        }
    };
    Ok(Restored {
        contents,
        before,
        revoked: kept.revoked,
    })
}

/// Refuses what a backup cannot take the place of: a file that another program made, or one that is in use.
///
/// # Errors
/// As [`restore`].
pub fn ensure_replaceable(path: &Path) -> Result<(), Error> {
    Live::open(&resolve(path)).map(drop)
}

/// The database that is to be replaced, locked against other processes.
enum Live {
    Missing,
    Whole(Engine),
    Damaged(#[expect(dead_code, reason = "held for its lock")] fs::File),
}

impl Live {
    fn open(path: &Path) -> Result<Self, Error> {
        match Engine::open(
            Location::File(path.to_owned()),
            CACHE,
            Mode::ReadOnly(Lock::Exclusive),
        ) {
            Ok(engine) => Ok(Self::Whole(engine)),
            Err(Error::Missing { .. }) => Ok(Self::Missing),
            Err(Error::DamagedFile { .. }) => lock(path).map(Self::Damaged),
            Err(Error::Foreign { .. }) if has_mark(path) => lock(path).map(Self::Damaged),
            // What may be read another time tells which tokens were revoked.
            Err(error) => Err(error),
        }
    }

    fn engine(&self) -> Option<&Engine> {
        match self {
            Self::Whole(engine) => Some(engine),
            Self::Missing | Self::Damaged(_) => None,
        }
    }
}

fn lock(path: &Path) -> Result<fs::File, Error> {
    let name = path.display().to_string();
    let file = open_for(path, Lock::Exclusive).map_err(|e| Error::Open {
        path: name.clone(),
        reason: e.to_string(),
    })?;
    file.try_lock().map_err(|_| Error::InUse { path: name })?;
    Ok(file)
}

/// The records of the backup in a new file beside the database.
struct StagedBackup {
    engine: Engine,
    made: Option<Timestamp>,
    expected: Contents,
    file: Unfinished,
}

impl StagedBackup {
    fn new(database: &Path, from: &Path) -> Result<Self, Error> {
        let source = Location::File(from.to_owned());
        let (source, version) = CURRENT
            .open_any_version(&source, CACHE, Lock::Shared)
            .map_err(|e| e.of_file(from))?;
        if !CURRENT.is_older(version) {
            // Before anybody has to wait for it.
            source.read_once(check).map_err(|e| e.of_file(from))?;
        }
        let file = Unfinished::new(&beside(database, STAGED))?;
        let (filled, found) = source.read_once(|txn| {
            let steps = |tables: &mut Tables<'_>| CURRENT.take_steps(tables, version);
            let copied = copy_of(
                &source,
                txn,
                (file, owner_of(database)),
                &mut |_, _| Ok(()),
                steps,
            );
            Ok((copied.map_err(|e| e.of_file(from))?, contents(txn)?))
        })?;
        // What is changed from now on is written into the spare room, not behind the end.
        let (file, engine) = filled.with_spare()?.reopen(CACHE)?;
        // What runs on is no backup.
        Ok(Self {
            engine,
            made: found.made,
            expected: Contents {
                made: None,
                ..found
            },
            file,
        })
    }

    /// Takes the place of the running database. Tokens are issued until it does; when it has, it says until when those are void.
    fn replace(
        self,
        engine: &Engine,
        asked: &Restoration,
        follow: impl FnOnce(&Remembered),
    ) -> Result<Restored, Error> {
        let kept = self.finish_tokens(Some(engine), asked, End::Open)?;
        let mut remembered = self.engine.read_once(tables::remembered)?;
        let verified = self.finish()?;
        let contents = verified.contents();
        let swap = |path: &Path| {
            let before = name_before(path, kept.at);
            verified.swap(path, &before)?;
            Ok(before)
        };
        let before = engine.replace(swap, || {
            let end = asked.clock.now() + MILLISECOND;
            remembered.revocation_windows =
                RevocationWindow::ended(std::mem::take(&mut remembered.revocation_windows), end);
            follow(&remembered);
            // Nobody reads the new database, and so nobody logs in, in a millisecond that is void.
            asked.clock.wait_until(end);
        })?;
        // Until this is written, a start ends them: `Store::end_revocation_windows`.
        if let Err(error) =
            engine.write(|tables| tables.set_revocation_windows(&remembered.revocation_windows))
        {
            tracing::warn!(error = %Error::from(error), "the end of the void times is not written yet");
        }
        Ok(Restored {
            contents,
            before: Some(before),
            revoked: kept.revoked,
        })
    }

    /// Gives the copy the identity of the database that goes, and ends the tokens that are to end.
    fn finish_tokens(
        &self,
        live: Option<&Engine>,
        asked: &Restoration,
        end: End,
    ) -> Result<revoke::Outcome, Error> {
        identity::take_over(&self.engine, live, &asked.random)?;
        revoke(&self.engine, self.made, live, asked, end)
    }

    fn finish(self) -> Result<Verified, Error> {
        Filled::close(self.file, self.engine)?
            .with_spare()?
            .verify()?
            .expect(self.expected)
    }
}

fn name_before(path: &Path, at: Timestamp) -> PathBuf {
    free_name(
        path,
        &format!(".before-restore-{}", at.strftime("%Y%m%d-%H%M%S")),
    )
}

/// Removes what a process that was killed has left beside the database; what somebody still writes is locked, and stays.
pub fn remove_leftovers(database: &Path) {
    // A second name of the database itself, perhaps, which only its owner gives it.
    let second_name = remove_if_there(&beside(database, BEFORE_COMPACTION));
    let mut removed = second_name.map_err(|e| Error::Copy(e.to_string()));
    for suffix in [STAGED, MIGRATED, IMPORTED, MOVED, COMPACTED, CREATED] {
        match Unfinished::new(&beside(database, suffix)) {
            Ok(_) | Err(Error::InUse { .. }) => {}
            Err(error) => removed = Err(error),
        }
    }
    if let Err(error) = removed {
        tracing::warn!(%error, "what an unfinished command has left could not be removed");
    }
}
