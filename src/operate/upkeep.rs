//! The database as a whole, for an operator.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Failure, Io};
use crate::app::App;

/// What may be done.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub enum Command {
    /// Gives unused space of the file back.
    Compact,
}

/// The length of the file, in bytes.
#[derive(Serialize)]
struct Compacted {
    before: u64,
    now: u64,
}

/// Does it. Nobody can read or write while the file is compacted: about a second for a hundred thousand users.
///
/// # Errors
/// [`Failure`].
pub async fn run(app: &Arc<App>, command: Command, io: &Io) -> Result<(), Failure> {
    let Command::Compact = command;
    let length = || std::fs::metadata(&app.config.store.path).map(|file| file.len()).map_err(Failure::failed);
    let before = length()?;
    let store = app.store.clone();
    tokio::task::spawn_blocking(move || store.compact()).await.map_err(Failure::failed)??;
    io.row(Compacted { before, now: length()? }).await
}
