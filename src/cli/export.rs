//! `bai export`

use std::path::PathBuf;

use clap::Subcommand;

use super::session::Session;
use super::{Outcome, backup};
use crate::config::Config;
use crate::pocketbase::{self, Lifetimes};
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
    let (copy, server) = (tempfile::tempdir()?, Session::with_server(config)?);
    let database = match &server {
        Some(session) => {
            let database = copy.path().join("bai.redb");
            backup::copy(session, &database)?;
            database
        }
        None => config.store.path.clone(),
    };
    let store = super::open_store(&database, config.store.cache_mib)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let lifetimes = Lifetimes { user: config.token.lifetime, superuser: config.token.superuser_lifetime };
    let exported = runtime.block_on(pocketbase::export(&store, &Random::System, lifetimes, out))?;
    if server.is_none() {
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
