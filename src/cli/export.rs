//! `bai export`

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::backup;
use super::outcome::Outcome;
use super::output;
use super::postgres;
use super::scratch::Scratch;
use crate::admin::Client;
use crate::backup::is_missing;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Actor, AuditEvent, EventKind};
use crate::pb_data::{self, Exported};
use crate::random::Random;
use crate::store::{self, EventBounds, Location, PostgresSettings, Store};

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
    if let Some((settings, name)) = postgres::database(config)? {
        return export_postgres(config, &settings, &name, out);
    }
    // Of a running server a copy is written out.
    let copy = match Client::connect(&config.store.path)? {
        Some(mut client) => Some(copy_of(&mut client)?),
        None => None,
    };
    let database = copy
        .as_ref()
        .map_or(config.store.path.clone(), Scratch::database);
    let store = open_store(&database, config.store.cache_mib)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let lifetimes = (&config.token).into();
    let exported = runtime.block_on(pb_data::export(&store, &Random::System, lifetimes, out))?;
    if copy.is_none() {
        runtime.block_on(add_audit_event(&store, config, "export pocketbase"))?;
    }
    print_summary(out, &exported)
}

/// Writes out a database on PostgreSQL, page by page, while servers may go on.
fn export_postgres(
    config: &Config,
    settings: &PostgresSettings,
    name: &str,
    out: &Path,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let connected = Store::connect(settings, Clock::System, Random::System);
    let store = runtime.block_on(connected)?;
    eprintln!("bai: {name}");
    let lifetimes = (&config.token).into();
    let exported = runtime.block_on(pb_data::export(&store, &Random::System, lifetimes, out))?;
    runtime.block_on(add_audit_event(&store, config, "export pocketbase"))?;
    print_summary(out, &exported)
}

fn print_summary(out: &Path, exported: &Exported) -> Outcome {
    let mut lines = vec![format!(
        "{}: {} users, {} companies, {} superusers",
        out.join("data.db").display(),
        exported.users,
        exported.companies,
        exported.superusers
    )];
    if exported.without_password > 0 {
        lines.push(format!(
            "{} users and superusers need a new password, as PocketBase cannot verify theirs; they are listed in {}.",
            exported.without_password,
            exported.list.display()
        ));
    }
    if exported.pictures > 0 {
        let folder = out.join("storage");
        lines.push(format!(
            "{} pictures of users are in {}: it goes with data.db.",
            exported.pictures,
            folder.display()
        ));
    }
    if exported.pictures_left > 0 {
        lines.push(format!(
            "{} pictures of users stay behind, because the collection has no file field for them: addresses below /api/files lead nowhere in PocketBase.",
            exported.pictures_left
        ));
    }
    for field in &exported.relations {
        lines.push(format!(
            "{field} was a relation to a collection that is not here: it has the ids as text."
        ));
    }
    for column in &exported.left_behind {
        lines.push(format!(
            "Left behind: {column}, for which the collection has no field."
        ));
    }
    output::print(&lines.join("\n"))
}

fn copy_of(client: &mut Client) -> Result<Scratch, Box<dyn std::error::Error>> {
    let scratch = Scratch::new()?;
    scratch.of(backup::copy(client, &scratch.database()))?;
    Ok(scratch)
}

/// The database of a server that does not run; it has to be there.
fn open_store(path: &Path, cache_mib: usize) -> Result<Store, Box<dyn std::error::Error>> {
    if is_missing(path) {
        return Err(format!(
            "there is no database at {}; name it by store.path or --config",
            path.display()
        )
        .into());
    }
    store::file::ensure_current(path)?;
    Ok(Store::open(
        &Location::File(path.to_owned()),
        cache_mib << 20,
    )?)
}

/// Adds an audit event to a database that this command has opened for itself.
async fn add_audit_event(store: &Store, config: &Config, detail: &str) -> Result<(), store::Error> {
    let now = Clock::System.now();
    let event = AuditEvent::new(now, EventKind::Command, Actor::Operator).detail(detail);
    store
        .add_events(vec![event.into()], EventBounds::new(&config.events, now))
        .await?;
    Ok(())
}
