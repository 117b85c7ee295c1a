//! `bai key`

use clap::Subcommand;

use super::Outcome;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::ServerKey;
use crate::random::Random;
use crate::token;

#[derive(Subcommand)]
pub enum Command {
    /// List the keys by id and age; the last one makes new tokens
    List,
    /// Add a key for new tokens; tokens made with the older keys stay valid until they expire
    Rotate,
}

pub fn run(config: &Config, command: &Command) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = super::open_store(config)?;
    if matches!(command, Command::Rotate) {
        let now = Clock::System.now();
        let key = ServerKey { secret: Random::System.bytes()?, created: now };
        runtime.block_on(store.add_token_key(key, now.checked_sub(config.token.lifetime)?))?;
    }
    for key in store.token_keys()? {
        println!("{}  created {}", token::key_id(&key).unwrap_or_default(), key.created);
    }
    Ok(())
}
