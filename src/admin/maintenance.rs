//! The database as a whole, for an operator.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::{Failure, Io};
use crate::app::App;
use crate::backup::{self, Incoming};
use crate::monitoring::readiness;
use crate::store::{Contents, Restored};

/// Bytes of a file that are sent at once.
const PIECE: usize = 256 * 1024;

/// What may be done.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub enum Command {
    /// Gives unused space of the file back.
    Compact,
    /// A verified copy: a [`Holding`], its bytes, and the [`Sum`] of them.
    Backup,
    /// Puts the caller's file in the place of the database.
    Restore {
        /// Whether tokens that were issued or revoked since may be valid again.
        keep_tokens: bool,
    },
    /// Reads everything.
    Check,
    /// Says what is not ready, if anything.
    Health,
}

/// The length of the file, in bytes.
#[derive(Serialize)]
struct Compacted {
    before: u64,
    now: u64,
}

/// What a database holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Holding {
    /// When the file was made, if it is a backup.
    pub made: Option<Timestamp>,
    /// Users.
    pub users: u64,
    /// Companies.
    pub companies: u64,
    /// Superusers.
    pub superusers: u64,
    /// Events.
    pub events: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Holding {
    /// What a file of so many bytes holds.
    #[must_use]
    pub fn new(contents: Contents, bytes: u64) -> Self {
        let Contents {
            made,
            users,
            companies,
            superusers,
            events,
        } = contents;
        Self {
            made,
            users,
            companies,
            superusers,
            events,
            bytes,
        }
    }
}

/// What tells whether a file arrived as it was sent.
#[derive(Debug, Deserialize, Serialize)]
pub struct Sum {
    /// CRC-32 of all bytes.
    pub crc32: u32,
}

/// What a restoration came to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Replaced {
    /// What the database holds now.
    #[serde(flatten)]
    pub holding: Holding,
    /// Where the database before it is, if there was one.
    pub before: Option<String>,
    /// How many users and superusers have a new token key, because theirs was changed since the backup.
    pub revoked: u64,
}

impl Replaced {
    /// What was done to the database at `path`.
    #[must_use]
    pub fn new(restored: &Restored, path: &Path) -> Self {
        let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
        Self {
            holding: Holding::new(restored.contents, bytes),
            before: restored
                .before
                .as_ref()
                .map(|path| path.display().to_string()),
            revoked: restored.revoked,
        }
    }
}

/// How the server is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Health {
    /// Whether it takes writes.
    pub is_writable: bool,
    /// What is to be mended, by component.
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

/// Does it.
///
/// # Errors
/// [`Failure`].
pub async fn run(app: &Arc<App>, command: Command, io: &mut Io) -> Result<(), Failure> {
    match command {
        Command::Compact => compact(app, io).await,
        Command::Backup => copy(app, io).await,
        Command::Restore { keep_tokens } => restore(app, keep_tokens, io).await,
        Command::Check => check(app, io).await,
        Command::Health => io.row(Health::of(app).await).await,
    }
}

/// Nobody can write while the file is compacted: about a second for a hundred thousand users.
async fn compact(app: &Arc<App>, io: &Io) -> Result<(), Failure> {
    let before = len(app)?;
    backup::exclusive(app, |app| app.store.compact().map_err(Failure::from)).await?;
    io.row(Compacted {
        before,
        now: len(app)?,
    })
    .await
}

async fn copy(app: &Arc<App>, io: &Io) -> Result<(), Failure> {
    let (far, mut how_far) = watch::channel((0, 0));
    let mut work = Box::pin(backup::copy(app, move |done, total| {
        far.send_replace((done, total));
    }));
    let (file, contents) = loop {
        tokio::select! {
            copied = &mut work => break copied?,
            Ok(()) = how_far.changed() => {
                let (done, total) = *how_far.borrow_and_update();
                io.progress(done, total).await?;
            }
        }
    };
    let bytes = file.metadata().map_err(Failure::failed)?.len();
    io.row(Holding::new(contents, bytes)).await?;
    send(file, io).await
}

async fn send(mut file: File, io: &Io) -> Result<(), Failure> {
    let mut sum = crc32fast::Hasher::new();
    loop {
        let read = spawn_blocking(move || {
            let mut piece = vec![0; PIECE];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok::<_, std::io::Error>((piece, file))
        });
        let (piece, rest) = read
            .await
            .map_err(Failure::failed)?
            .map_err(Failure::failed)?;
        if piece.is_empty() {
            return io
                .row(Sum {
                    crc32: sum.finalize(),
                })
                .await;
        }
        sum.update(&piece);
        io.bytes(piece).await?;
        file = rest;
    }
}

async fn restore(app: &Arc<App>, keep_tokens: bool, io: &mut Io) -> Result<(), Failure> {
    let mut incoming = Incoming::begin(app).await?;
    while let Some(piece) = io.input().await? {
        incoming.push(piece).await?;
    }
    let received = incoming.end().await?;
    let restored = backup::restore(app, received.path(), keep_tokens).await?;
    io.row(Replaced::new(&restored, &app.config.store.path))
        .await
}

async fn check(app: &Arc<App>, io: &Io) -> Result<(), Failure> {
    let store = app.store.clone();
    let contents = spawn_blocking(move || store.check())
        .await
        .map_err(Failure::failed)??;
    io.row(Holding::new(contents, len(app)?)).await
}

fn len(app: &App) -> Result<u64, Failure> {
    std::fs::metadata(&app.config.store.path)
        .map(|file| file.len())
        .map_err(Failure::failed)
}

impl From<backup::Error> for Failure {
    fn from(error: backup::Error) -> Self {
        Self::failed(error)
    }
}
