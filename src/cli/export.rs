//! `bai export`

use std::path::PathBuf;

use clap::Subcommand;
use tempfile::TempDir;

use super::session::Session;
use super::{Outcome, backup};
use crate::config::Config;
use crate::pb_data;
use crate::random::Random;

#[derive(Subcommand)]
pub enum Command {
    /// Write a data.db that PocketBase 0.40 opens with everybody in it
    Pocketbase {
        /// The folder for it, PocketBase's --dir
        out: PathBuf,
    },
}

pub fn run(config: &Config, command: &Command) -> Outcome {
    let Command::Pocketbase { out } = command;
    // Of a running server a copy is written out.
    let copy = match Session::with_server(config)? {
        Some(session) => Some(copy_of(&session)?),
        None => None,
    };
    let database = copy.as_ref().map_or(config.store.path.clone(), database_in);
    let store = super::open_store(&database, config.store.cache_mib)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let lifetimes = (&config.token).into();
    let exported = runtime.block_on(pb_data::export(&store, &Random::System, lifetimes, out))?;
    if copy.is_none() {
        runtime.block_on(super::remember(&store, config, "export pocketbase"))?;
    }
    println!(
        "{}: {} users, {} companies, {} superusers",
        out.join("data.db").display(),
        exported.users,
        exported.companies,
        exported.superusers
    );
    if exported.without_password > 0 {
        println!(
            "{} users and superusers need a new password, as PocketBase cannot verify theirs; they are listed in {}.",
            exported.without_password,
            exported.list.display()
        );
    }
    for column in exported.left_behind {
        println!("Left behind: {column}, for which the collection has no field.");
    }
    Ok(())
}

fn copy_of(session: &Session) -> Result<TempDir, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    backup::copy(session, &database_in(&folder))?;
    Ok(folder)
}

fn database_in(folder: &TempDir) -> PathBuf {
    folder.path().join("bai.redb")
}
