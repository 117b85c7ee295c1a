//! Token keys, for an operator: the keys that tokens are encrypted with.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::io::Io;
use crate::app::App;
use crate::domain::ServerKey;
use crate::token::{self, Keys};

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
        rotate(app).await?;
    }
    for key in app.store.token_keys()? {
        let id = token::key_id(&key).unwrap_or_default();
        io.row(KeyRow {
            id,
            created: key.created.to_string(),
        })
        .await?;
    }
    Ok(())
}

async fn rotate(app: &App) -> Result<(), Failure> {
    let now = app.clock.now();
    let secret = app.random.bytes().map_err(Failure::failed)?;
    let still_valid = now
        .checked_sub(app.config.token.lifetime)
        .map_err(Failure::failed)?;
    app.store
        .add_token_key(
            ServerKey {
                secret,
                created: now,
            },
            still_valid,
        )
        .await?;
    let keys = Keys::new(&app.store.token_keys()?);
    app.tokens.use_keys(
        keys.ok_or_else(|| Failure::failed("the token keys in the database cannot be used"))?,
    );
    Ok(())
}
