//! `bai key`

use clap::Subcommand;

use super::session::{Missing, Session};
use super::{Group, Outcome, output};
use crate::admin::Command as Operation;
use crate::admin::keys::Command as Keys;
use crate::config::Config;

#[derive(Subcommand)]
pub enum Command {
    /// List the keys by id and age; the last one makes new tokens
    List,
    /// Add a key for new tokens; tokens made with the older keys stay valid until they expire
    Rotate,
}

pub fn run(config: &Config, key: &Group<Command>) -> Outcome {
    let session = Session::open(config, Missing::Refuse)?;
    let command = match key.command {
        Command::List => Keys::List,
        Command::Rotate => Keys::Rotate,
    };
    output::rows(
        &["id", "created"],
        &session.rows(Operation::Key(command))?,
        key.json,
    )
}
