//! Backups: copies of the database in one folder, by name.

mod alarm;
mod error;
mod incoming;
mod left;
mod name;
mod s3;
pub mod schedule;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempPath;

pub use self::error::Error;
pub use self::incoming::{Incoming, Received};
pub use self::left::{is_missing, newest_left};
pub use self::name::{NAME_MAX, Name, WrongName};
use crate::app::App;
use crate::store::{self, Contents, CopyLimits, Restoration, Restored};

/// What the name of a file ends with while it is written.
const UNFINISHED: &str = ".new";

/// A backup in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its name in the folder.
    pub name: Name,
    /// Bytes.
    pub size: u64,
    /// When the file was written.
    pub modified: Timestamp,
    /// What it holds; known of one that was just made or checked.
    pub contents: Option<Contents>,
}

/// The folder of the backups.
#[must_use]
pub fn folder(app: &App) -> PathBuf {
    app.config.backup.folder(&app.config.store.path)
}

/// Makes a backup under this name, or under one that tells the time. Whoever asked may go away: it is made all the same.
///
/// # Errors
/// [`Error::Busy`] while another operation on the whole file runs; [`Error::Exists`]; [`Error::Store`]: there is no backup of
/// that name.
pub async fn create(app: &Arc<App>, name: Option<Name>) -> Result<Backup, Error> {
    alone(app, |app| {
        let (folder, now) = (open_folder(app)?, app.clock.now());
        sweep(&folder)?;
        let name = match name {
            Some(name) => name,
            None => Name::of_time(now, |name| is_taken(&folder.join(name))),
        };
        let path = folder.join(name.as_str());
        if is_taken(&path) {
            return Err(Error::Exists);
        }
        let contents = app.store.backup(&path, now, limits(app), &mut |_, _| ())?;
        Ok(Backup {
            contents: Some(contents),
            ..describe(name, &path)?
        })
    })
    .await
}

/// All backups, by name.
///
/// # Errors
/// [`Error::Io`].
pub async fn list(app: &Arc<App>) -> Result<Vec<Backup>, Error> {
    let folder = folder(app);
    in_background(move || {
        let entries = match fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut backups = Vec::new();
        for entry in entries {
            let entry = entry?;
            // Whatever else is in the folder is none of ours, links among it.
            let name = entry
                .file_name()
                .to_str()
                .and_then(|name| Name::parse(name).ok());
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            let Some(name) = name.filter(|_| is_file) else {
                continue;
            };
            match describe(name, &entry.path()) {
                // Removed meanwhile.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                described => backups.push(described?),
            }
        }
        backups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(backups)
    })
    .await
}

/// Makes a copy that has no name, for somebody to take away; tells `progress` how many users are copied, of how many.
///
/// # Errors
/// [`Error::Busy`] while another operation on the whole file runs; [`Error::Store`].
pub async fn copy(
    app: &Arc<App>,
    mut progress: impl FnMut(u64, u64) + Send + 'static,
) -> Result<(File, Contents), Error> {
    alone(app, move |app| {
        let folder = open_folder(app)?;
        sweep(&folder)?;
        let path = folder.join(format!("outgoing{UNFINISHED}"));
        let contents = app
            .store
            .backup(&path, app.clock.now(), limits(app), &mut progress)?;
        let copy = store::open_itself(&path)?;
        // It is gone when whoever takes it away closes it, and if nobody does.
        fs::remove_file(path)?;
        Ok((copy, contents))
    })
    .await
}

/// Verifies a file that somebody brought, and keeps it under this name.
///
/// # Errors
/// [`Error::Exists`]; [`Error::Store`] when it is no whole database: it is gone then.
pub async fn add(app: &Arc<App>, name: Name, received: Received) -> Result<Backup, Error> {
    let alone = Arc::clone(&app.maintenance).lock_owned().await;
    let path = folder(app).join(name.as_str());
    in_background(move || {
        let _alone = alone;
        let contents = received.check()?;
        received.keep(&path)?;
        Ok(Backup {
            contents,
            ..describe(name, &path)?
        })
    })
    .await
}

/// Puts the backup at `from` in the place of the database, with everybody connected. Whoever asked may go away: it is done all
/// the same.
///
/// # Errors
/// [`Error::Busy`] while another operation on the whole file runs; [`Error::Store`]: nothing was changed.
pub async fn restore(app: &Arc<App>, from: PathBuf, keep_tokens: bool) -> Result<Restored, Error> {
    alone(app, move |app| {
        let (clock, random) = (app.clock.clone(), app.random.clone());
        let asked = Restoration {
            from,
            keep_tokens,
            clock,
            random,
        };
        let following = Arc::clone(app);
        let restored = app
            .store
            .restore(asked, move |remembered| following.follow(remembered))?;
        let before = restored
            .before
            .as_ref()
            .map(|path| path.display().to_string());
        tracing::warn!(before, revoked = restored.revoked, "a backup was restored");
        Ok(restored)
    })
    .await
}

/// The path of the backup of that name.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Link`].
pub fn find(app: &App, name: &Name) -> Result<PathBuf, Error> {
    let path = folder(app).join(name.as_str());
    ensure_file(&path)?;
    Ok(path)
}

/// A link is none: whoever may write to the folder only must not choose other files by it. Whoever opens the file does not follow
/// one either, as it may have come meanwhile.
fn ensure_file(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path).map(|found| found.file_type()) {
        Ok(kind) if kind.is_file() => Ok(()),
        Ok(kind) if kind.is_symlink() => Err(Error::Link),
        _ => Err(Error::NotFound),
    }
}

/// Whether anything has that name.
fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Gives the backup another name.
///
/// # Errors
/// [`Error::Exists`]; [`Error::NotFound`]; [`Error::Link`]; [`Error::Io`].
pub async fn rename(app: &Arc<App>, from: Name, to: Name) -> Result<(), Error> {
    let folder = folder(app);
    in_background(move || {
        let (from, to) = (folder.join(from.as_str()), folder.join(to.as_str()));
        ensure_file(&from)?;
        match TempPath::try_from_path(from)?.persist_noclobber(&to) {
            Ok(()) => Ok(store::sync_folder(&to)?),
            Err(refused) => {
                let is_taken = refused.error.kind() == io::ErrorKind::AlreadyExists;
                refused.path.keep().map_err(|e| e.error)?;
                if is_taken {
                    Err(Error::Exists)
                } else {
                    Err(refused.error.into())
                }
            }
        }
    })
    .await
}

/// Removes the backup of that name.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Link`]; [`Error::Io`].
pub async fn delete(app: &Arc<App>, name: Name) -> Result<(), Error> {
    let path = folder(app).join(name.as_str());
    in_background(move || {
        ensure_file(&path)?;
        match fs::remove_file(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(Error::NotFound),
            removed => Ok(removed?),
        }
    })
    .await
}

/// Runs `work` in the background, if no other operation on the whole file runs. Whoever asked may go away: it is done all the same.
///
/// # Errors
/// [`Error::Busy`]; what `work` says.
pub async fn alone<T: Send + 'static>(
    app: &Arc<App>,
    work: impl FnOnce(&Arc<App>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let alone = Arc::clone(&app.maintenance)
        .try_lock_owned()
        .map_err(|_| Error::Busy)?;
    let app = Arc::clone(app);
    in_background(move || {
        let _alone = alone;
        work(&app)
    })
    .await
}

fn limits(app: &App) -> CopyLimits {
    let bytes = |mib: usize| {
        u64::try_from(mib)
            .unwrap_or(u64::MAX)
            .saturating_mul(1 << 20)
    };
    CopyLimits {
        growth: bytes(app.config.backup.max_growth_mib),
        min_free: bytes(app.config.store.min_free_mib),
    }
}

async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::Io(io::Error::other(e)))?
}

/// The folder, made for its owner only when it is missing: backups hold all that the database does.
fn open_folder(app: &App) -> Result<PathBuf, Error> {
    let folder = folder(app);
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if !folder.exists() {
        builder.create(&folder)?;
        store::sync_folder(&folder)?;
        let above = folder
            .parent()
            .filter(|above| !above.as_os_str().is_empty());
        store::own_like(&folder, above.unwrap_or(Path::new(".")))?;
    }
    Ok(folder)
}

/// Removes what a process that was killed has left. Whoever still writes a file has it locked.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.to_str().is_some_and(|path| path.ends_with(UNFINISHED)) {
            continue;
        }
        // Some network file systems lock only what is open to write.
        if store::open_itself_to_write(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn describe(name: Name, path: &Path) -> io::Result<Backup> {
    let file = fs::symlink_metadata(path)?;
    let modified = Timestamp::try_from(file.modified()?).unwrap_or_default();
    Ok(Backup {
        name,
        size: file.len(),
        modified,
        contents: None,
    })
}
