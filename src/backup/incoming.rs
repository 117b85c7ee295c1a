//! A backup that somebody brings, piece by piece.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::{Builder, NamedTempFile, TempPath};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::Error;
use super::exclusive::in_background;
use super::folder;
use super::name::UNFINISHED;
use crate::app::App;
use crate::store::file::{Contents, check_backup, sync_and_drop_cache, sync_folder};

/// Pieces that wait for the disk.
const WAITING: usize = 16;

/// A file in the folder of the backups that is being written; it is gone when this is dropped.
pub struct Incoming {
    path: TempPath,
    pieces: mpsc::Sender<Vec<u8>>,
    written: JoinHandle<io::Result<File>>,
}

impl Incoming {
    /// Begins one, of which nobody sees anything yet.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn begin(app: &Arc<App>) -> Result<Self, Error> {
        let app = Arc::clone(app);
        let (file, path) =
            in_background(move || new_file(&app).map(NamedTempFile::into_parts)).await?;
        let (pieces, waiting) = mpsc::channel(WAITING);
        Ok(Self {
            path,
            pieces,
            written: tokio::task::spawn_blocking(move || write(file, waiting)),
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Error::Io`]: they could not be written, as the disk is full, perhaps.
    pub async fn push(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        if self.pieces.send(bytes).await.is_ok() {
            return Ok(());
        }
        let written = (&mut self.written).await.map_err(io::Error::other)?;
        Err(written
            .err()
            .unwrap_or_else(|| io::ErrorKind::WriteZero.into())
            .into())
    }

    /// The whole file, which is gone when what is returned is dropped.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn end(self) -> Result<Received, Error> {
        drop(self.pieces);
        let file = self.written.await.map_err(io::Error::other)??;
        Ok(Received {
            path: self.path,
            file,
        })
    }
}

/// A new file in the folder, locked as one that is in use.
fn new_file(app: &App) -> Result<NamedTempFile, Error> {
    let folder = folder::open(app)?;
    // Between two steps, a backup that is made is not locked.
    if let Ok(_lock) = app.maintenance.try_lock() {
        folder::remove_unfinished(&folder)?;
    }
    let file = Builder::new()
        .prefix("incoming-")
        .suffix(UNFINISHED)
        .tempfile_in(folder)?;
    file.as_file().lock_shared()?;
    Ok(file)
}

fn write(mut file: File, mut pieces: mpsc::Receiver<Vec<u8>>) -> io::Result<File> {
    while let Some(bytes) = pieces.blocking_recv() {
        file.write_all(&bytes)?;
    }
    file.sync_all()?;
    Ok(file)
}

/// A file that has come whole; nothing of it is verified. It is gone when this is dropped.
pub struct Received {
    path: TempPath,
    /// Locked, so that nobody takes it for one that was left behind.
    file: File,
}

impl Received {
    /// Verifies that it is a whole database, on the disk, and counts what is in it. One of an older version is not read before it is
    /// restored.
    ///
    /// # Errors
    /// [`Error::Store`] with what is wrong.
    pub(super) fn check(&self) -> Result<Option<Contents>, Error> {
        self.file.unlock()?;
        sync_and_drop_cache(&self.path)?;
        Ok(check_backup(&self.path)?)
    }

    /// Path of the file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.path.to_path_buf()
    }

    /// Gives it a name, unless there is such a file.
    pub(super) fn keep(self, path: &Path) -> Result<(), Error> {
        match self.path.persist_noclobber(path) {
            Ok(()) => Ok(sync_folder(path)?),
            Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => Err(Error::Exists),
            Err(other) => Err(other.error.into()),
        }
    }
}
