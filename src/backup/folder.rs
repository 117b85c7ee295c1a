//! The folder of the backups.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::name::UNFINISHED;
use crate::app::App;
use crate::store;

/// Path of the folder, which may be missing.
pub fn path(app: &App) -> PathBuf {
    app.config.backup.folder(&app.config.store.path)
}

/// Path of the folder, made for its owner only when it is missing: backups hold all that the database does.
pub fn open(app: &App) -> Result<PathBuf, Error> {
    let folder = path(app);
    if !folder.exists() {
        create(&folder)?;
        store::file::sync_folder(&folder)?;
        let above = folder
            .parent()
            .filter(|above| !above.as_os_str().is_empty());
        store::file::own_like(&folder, above.unwrap_or(Path::new(".")))?;
    }
    Ok(folder)
}

/// Makes the folder and those above it, for their owner only.
pub fn create(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes the unfinished files of processes that were killed. A file that is still written is locked.
pub fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.to_str().is_some_and(|path| path.ends_with(UNFINISHED)) {
            continue;
        }
        // Some network file systems lock only what is open to write.
        if store::file::open_itself_to_write(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
