//! The keys that tokens are encrypted with, for an operator.

use serde::{Deserialize, Serialize};

use super::{Failure, Io};
use crate::app::App;
use crate::domain::ServerKey;
use crate::token::{self, Keys};

/// What may be done.
#[derive(Clone, Copy, Deserialize, Serialize)]
pub enum Command {
    /// All of them, oldest first; the last one makes new tokens.
    List,
    /// Adds one for new tokens.
    Rotate,
}

/// A key, without its secret.
#[derive(Serialize)]
struct Shown {
    id: String,
    created: String,
}

/// Does it.
///
/// # Errors
/// [`Failure`].
pub async fn run(app: &App, command: Command, io: &Io) -> Result<(), Failure> {
    if let Command::Rotate = command {
        rotate(app).await?;
    }
    for key in app.store.token_keys()? {
        let id = token::key_id(&key).unwrap_or_default();
        io.row(Shown {
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
