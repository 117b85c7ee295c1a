//! `bai export`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use tempfile::TempDir;

use super::{Outcome, backup};
use crate::admin::Client;
use crate::config::Config;
use crate::pb_data::{self, Exported, Lifetimes};
use crate::random::Random;

#[derive(Subcommand)]
pub enum ExportArgs {
    /// Write a data.db that PocketBase 0.40 opens with everybody in it
    Pocketbase {
        /// The folder for it, PocketBase's --dir
        out: PathBuf,
    },
}

pub fn run(config: &Config, args: &ExportArgs) -> Outcome {
    let ExportArgs::Pocketbase { out } = args;
    // Of a running server a copy is written out.
    let copy = match Client::connect(&config.store.path)? {
        Some(mut client) => Some(copy_of(&mut client)?),
        None => None,
    };
    let database = copy.as_ref().map_or(config.store.path.clone(), database_in);
    let store = super::open_store(&database, config.store.cache_mib)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let lifetimes = Lifetimes {
        user: config.token.lifetime,
        superuser: config.token.superuser_lifetime,
    };
    let exported = runtime.block_on(pb_data::export(&store, &Random::System, lifetimes, out))?;
    if copy.is_none() {
        runtime.block_on(super::add_audit_event(&store, config, "export pocketbase"))?;
    }
    print_summary(out, &exported);
    Ok(())
}

fn print_summary(out: &Path, exported: &Exported) {
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
    for column in &exported.left_behind {
        println!("Left behind: {column}, for which the collection has no field.");
    }
}

fn copy_of(client: &mut Client) -> Result<TempDir, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    backup::copy(client, &database_in(&folder))?;
    Ok(folder)
}

fn database_in(folder: &TempDir) -> PathBuf {
    folder.path().join("bai.redb")
}
