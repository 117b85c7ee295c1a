//! Copies of the database, and the database replaced by one of them: operations on the whole file.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

use super::error::Error;
use super::exclusive::{exclusive, in_background};
use super::files::{Backup, is_taken};
use super::folder;
use super::incoming::Received;
use super::name::{Name, UNFINISHED};
use crate::app::App;
use crate::store;
use crate::store::file::{Contents, CopyLimits, FileStore, Restoration, Restored};

/// Makes a backup under this name, or under one that tells the time. Whoever asked may go away: it is made all the same.
///
/// # Errors
/// [`Error::Busy`] while another operation on the whole file runs; [`Error::Exists`]; [`Error::Store`]: there is no backup of
/// that name.
pub async fn create(app: &Arc<App>, name: Option<Name>) -> Result<Backup, Error> {
    exclusive(app, |app| {
        let folder = folder::open(app)?;
        folder::remove_unfinished(&folder)?;
        let now = app.clock.now();
        let name = name.unwrap_or_else(|| Name::of_time(now, |name| is_taken(&folder.join(name))));
        let path = folder.join(name.as_str());
        if is_taken(&path) {
            return Err(Error::Exists);
        }
        let contents = file_of(app)?.backup(&path, now, copy_limits(app), &mut |_, _| ())?;
        Ok(Backup {
            contents: Some(contents),
            ..Backup::describe(name, &path)?
        })
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
    exclusive(app, move |app| {
        let folder = folder::open(app)?;
        folder::remove_unfinished(&folder)?;
        let path = folder.join(format!("outgoing{UNFINISHED}"));
        let now = app.clock.now();
        let contents = file_of(app)?.backup(&path, now, copy_limits(app), &mut progress)?;
        let copy = store::file::open_itself(&path)?;
        // It is gone when whoever takes it away closes it, and if nobody does.
        fs::remove_file(path)?;
        Ok((copy, contents))
    })
    .await
}

/// Verifies a file that somebody brought, and keeps it under this name. Another operation on the whole file is waited for.
///
/// # Errors
/// [`Error::Exists`]; [`Error::Store`] when it is no whole database: it is gone then.
pub async fn add(app: &Arc<App>, name: Name, received: Received) -> Result<Backup, Error> {
    let lock = Arc::clone(&app.maintenance).lock_owned().await;
    let path = folder::path(app).join(name.as_str());
    in_background(move || {
        let _lock = lock;
        let contents = received.check()?;
        received.keep(&path)?;
        Ok(Backup {
            contents,
            ..Backup::describe(name, &path)?
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
    exclusive(app, move |app| {
        let restoration = Restoration {
            from,
            keep_tokens,
            clock: app.clock.clone(),
            random: app.random.clone(),
        };
        let following = Arc::clone(app);
        let restored =
            file_of(app)?.restore(restoration, move |remembered| following.follow(remembered))?;
        let before = restored
            .before
            .as_ref()
            .map(|path| path.display().to_string());
        tracing::warn!(before, revoked = restored.revoked, "a backup was restored");
        Ok(restored)
    })
    .await
}

fn file_of(app: &App) -> Result<&FileStore, store::Error> {
    app.store.file().ok_or(store::Error::NotAFile)
}

fn copy_limits(app: &App) -> CopyLimits {
    CopyLimits {
        growth: bytes(app.config.backup.max_growth_mib),
        min_free: bytes(app.config.store.min_free_mib),
    }
}

fn bytes(mib: usize) -> u64 {
    u64::try_from(mib)
        .unwrap_or(u64::MAX)
        .saturating_mul(1 << 20)
}
