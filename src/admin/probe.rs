//! Probes of `bai doctor`, over the admin socket: a word is announced, sent through the public URL, and asked about.

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::io::Io;
use crate::app::App;

/// A command about a probe.
#[derive(Clone, Deserialize, Serialize)]
pub enum ProbeCommand {
    /// Waits for a request with this word, for a minute.
    Announce(String),
    /// Gives out each [`crate::app::probes::Arrival`] of the word, which is waited for no longer.
    Arrivals(String),
}

/// Runs a command about a probe.
pub(super) async fn run(app: &App, command: ProbeCommand, io: &Io) -> Result<(), Failure> {
    match command {
        ProbeCommand::Announce(word) => match app.probes.announce(word) {
            true => Ok(()),
            false => Err(Failure::invalid("a word has 16 to 64 characters")),
        },
        ProbeCommand::Arrivals(word) => {
            for arrival in app.probes.take(&word) {
                io.row(arrival).await?;
            }
            Ok(())
        }
    }
}
