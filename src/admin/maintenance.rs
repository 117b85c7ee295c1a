//! Maintenance of the database as a whole, for an operator.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::failure::Failure;
use super::io::Io;
use crate::app::App;
use crate::backup::{self, Incoming};
use crate::monitoring::readiness;
use crate::store;
use crate::store::file::{Contents, FileStore, Inspection, Restored, schema_version};

/// Bytes of a file that are sent at once.
const PIECE: usize = 256 * 1024;

/// A command about the database as a whole.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub enum MaintenanceCommand {
    /// Gives unused space of the file back.
    Compact,
    /// Gives out a verified copy: [`FileContents`], its bytes, and the [`Checksum`] of them.
    Backup,
    /// Puts the caller's file in the place of the database.
    Restore {
        /// Whether tokens that were issued or revoked since may be valid again.
        keep_tokens: bool,
    },
    /// Reads everything.
    Check,
    /// Gives out the [`Health`] of the server.
    Health,
}

/// Length of the file, in bytes.
#[derive(Serialize)]
struct Compacted {
    before: u64,
    now: u64,
}

/// Counts of a database's records, and the length of its file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct FileContents {
    /// Time when the file was made, if it is a backup.
    pub made: Option<Timestamp>,
    /// Users.
    pub users: u64,
    /// Companies.
    pub companies: u64,
    /// Superusers.
    pub superusers: u64,
    /// Events.
    pub events: u64,
    /// Pictures of users.
    #[serde(default)]
    pub avatars: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Version of its schema.
    pub version: u32,
}

impl FileContents {
    /// The contents of a file of so many bytes that this program has written.
    #[must_use]
    pub fn new(contents: Contents, bytes: u64) -> Self {
        let Contents {
            made,
            users,
            companies,
            superusers,
            events,
            avatars,
        } = contents;
        Self {
            made,
            users,
            companies,
            superusers,
            events,
            avatars,
            bytes,
            version: schema_version(),
        }
    }
}

impl FileContents {
    /// The contents of a file of so many bytes, of whatever version.
    #[must_use]
    pub fn of_any_version(inspection: Inspection, bytes: u64) -> Self {
        Self {
            version: inspection.version,
            ..Self::new(inspection.contents, bytes)
        }
    }

    /// Whether an older program wrote the file.
    #[must_use]
    pub fn is_older(&self) -> bool {
        self.version < schema_version()
    }
}

/// Checksum of a file, by which the caller sees that it arrived as it was sent.
#[derive(Debug, Deserialize, Serialize)]
pub struct Checksum {
    /// CRC-32 of all bytes.
    pub crc32: u32,
}

/// Result of a restoration.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RestoreSummary {
    /// Contents of the database now.
    #[serde(flatten)]
    pub contents: FileContents,
    /// Path of the database before it, if there was one.
    pub before: Option<String>,
    /// Number of users and superusers who have a new token key, because theirs was changed since the backup.
    pub revoked: u64,
}

impl RestoreSummary {
    /// Result of what was done to the database at `path`.
    #[must_use]
    pub fn new(restored: &Restored, path: &Path) -> Self {
        let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
        Self {
            contents: FileContents::new(restored.contents, bytes),
            before: restored
                .before
                .as_ref()
                .map(|path| path.display().to_string()),
            revoked: restored.revoked,
        }
    }
}

/// Health of a server.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Health {
    /// Whether it takes writes.
    pub is_writable: bool,
    /// Problems to be mended, by component.
    pub problems: Vec<String>,
}

impl Health {
    async fn of(app: &App) -> Self {
        let is_writable = app.store.is_writable().await;
        let mut problems = Vec::new();
        for component in readiness(app).await {
            problems.extend(
                component
                    .problems
                    .into_iter()
                    .map(|it| format!("{}: {}", component.name, it.text)),
            );
        }
        Self {
            is_writable,
            problems,
        }
    }
}

/// Runs a command about the database as a whole.
pub(super) async fn run(
    app: &Arc<App>,
    command: MaintenanceCommand,
    io: &mut Io,
) -> Result<(), Failure> {
    match command {
        MaintenanceCommand::Compact => compact(app, io).await,
        MaintenanceCommand::Backup => copy(app, io).await,
        MaintenanceCommand::Restore { keep_tokens } => restore(app, keep_tokens, io).await,
        MaintenanceCommand::Check => check(app, io).await,
        MaintenanceCommand::Health => io.row(Health::of(app).await).await,
    }
}

/// Compacts the file. Nobody can write meanwhile: about a second for a hundred thousand users.
async fn compact(app: &Arc<App>, io: &Io) -> Result<(), Failure> {
    let before = len(app)?;
    backup::exclusive(app, |app| file_of(app)?.compact().map_err(Failure::from)).await?;
    io.row(Compacted {
        before,
        now: len(app)?,
    })
    .await
}

async fn copy(app: &Arc<App>, io: &Io) -> Result<(), Failure> {
    let (progress, mut changes) = watch::channel((0, 0));
    let mut work = Box::pin(backup::copy(app, move |done, total| {
        progress.send_replace((done, total));
    }));
    let (file, contents) = loop {
        tokio::select! {
            copied = &mut work => break copied?,
            Ok(()) = changes.changed() => {
                let (done, total) = *changes.borrow_and_update();
                io.progress(done, total).await?;
            }
        }
    };
    let bytes = file.metadata().map_err(Failure::failed)?.len();
    io.row(FileContents::new(contents, bytes)).await?;
    send(file, io).await
}

async fn send(mut file: File, io: &Io) -> Result<(), Failure> {
    let mut sum = crc32fast::Hasher::new();
    loop {
        let (piece, rest) = spawn_blocking(move || read_piece(file))
            .await
            .map_err(Failure::failed)?
            .map_err(Failure::failed)?;
        if piece.is_empty() {
            return io
                .row(Checksum {
                    crc32: sum.finalize(),
                })
                .await;
        }
        sum.update(&piece);
        io.bytes(piece).await?;
        file = rest;
    }
}

/// Reads the next piece of the file, which is empty at its end; the file, to go on with.
fn read_piece(mut file: File) -> io::Result<(Vec<u8>, File)> {
    let mut piece = vec![0; PIECE];
    let read = file.read(&mut piece)?;
    piece.truncate(read);
    Ok((piece, file))
}

async fn restore(app: &Arc<App>, keep_tokens: bool, io: &mut Io) -> Result<(), Failure> {
    let mut incoming = Incoming::begin(app).await?;
    while let Some(piece) = io.input().await? {
        incoming.push(piece).await?;
    }
    let received = incoming.end().await?;
    let restored = backup::restore(app, received.path(), keep_tokens).await?;
    io.row(RestoreSummary::new(&restored, &app.config.store.path))
        .await
}

async fn check(app: &Arc<App>, io: &Io) -> Result<(), Failure> {
    if let Some(postgres) = app.store.postgres() {
        // It has no file whose length could be told.
        let contents = postgres.check().await?;
        return io.row(FileContents::new(contents, 0)).await;
    }
    let checked = Arc::clone(app);
    let contents = spawn_blocking(move || file_of(&checked)?.check())
        .await
        .map_err(Failure::failed)??;
    io.row(FileContents::new(contents, len(app)?)).await
}

fn file_of(app: &App) -> Result<&FileStore, store::Error> {
    app.store.file().ok_or(store::Error::NotAFile)
}

fn len(app: &App) -> Result<u64, Failure> {
    std::fs::metadata(&app.config.store.path)
        .map(|file| file.len())
        .map_err(Failure::failed)
}
