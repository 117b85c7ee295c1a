//! Token keys, for an operator: the keys that tokens are encrypted with.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::io::Io;
use crate::app::App;
use crate::auth;

/// A command about token keys.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub enum KeyCommand {
    /// Lists all of them, oldest first; the last one makes new tokens.
    List,
    /// Adds one for new tokens.
    Rotate,
}

/// A key, without its secret.
#[derive(Serialize)]
struct KeyRow {
    id: String,
    created: String,
}

/// Runs a command about token keys.
pub(super) async fn run(app: &App, command: KeyCommand, io: &Io) -> Result<(), Failure> {
    if let KeyCommand::Rotate = command {
        auth::rotate_token_key(app).await?;
    }
    for key in auth::token_keys(app).await? {
        let (id, created) = (key.id, key.created.to_string());
        io.row(KeyRow { id, created }).await?;
    }
    Ok(())
}
