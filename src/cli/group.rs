//! Groups of commands about one thing.

use clap::{Args, Subcommand};

/// Commands about one thing, with a table or JSON as their answer.
#[derive(Args)]
pub struct Group<A: Subcommand> {
    #[command(subcommand)]
    pub args: A,
    /// JSON instead of a table
    #[arg(long, global = true)]
    pub json: bool,
}
