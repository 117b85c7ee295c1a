//! `bai key`

use clap::Subcommand;

use super::group::Group;
use super::outcome::Outcome;
use super::output;
use super::session::{self, Access};
use crate::admin::AdminCommand;
use crate::admin::keys::KeyCommand;
use crate::config::Config;

/// Columns of a table of keys.
const COLUMNS: [&str; 2] = ["id", "created"];

#[derive(Subcommand)]
pub enum KeyArgs {
    /// List the keys by id and age; the last one makes new tokens
    List,
    /// Add a key for new tokens; tokens made with the older keys stay valid until they expire
    Rotate,
}

pub fn run(config: &Config, group: &Group<KeyArgs>) -> Outcome {
    let (access, command) = match group.args {
        KeyArgs::List => (Access::Read, KeyCommand::List),
        KeyArgs::Rotate => (Access::Change, KeyCommand::Rotate),
    };
    let mut client = session::open(config, access)?;
    let keys = client.rows(AdminCommand::Key(command))?;
    output::rows(&COLUMNS, &keys, group.json)
}
