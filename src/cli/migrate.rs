//! `bai migrate`

use std::path::Path;

use super::outcome::Outcome;
use super::output;
use super::postgres;
use crate::admin::Client;
use crate::config::Config;
use crate::store::PostgresSettings;
use crate::store::file::{self, Migration};
use crate::store::postgres::{PostgresStore, TablesMigration};

/// Brings a database of an older version up to date. The start of a server does the same with a file, so a running one has done it;
/// tables on PostgreSQL are brought on by this command only, while servers of the older version go on.
pub fn run(config: &Config) -> Outcome {
    if let Some((settings, name)) = postgres::database(config)? {
        return migrate_tables(&settings, &name);
    }
    let database = &config.store.path;
    let migration = match Client::connect(database)? {
        Some(_) => None,
        None => file::migrate(database)?,
    };
    output::print(&describe(database, migration.as_ref()))
}

fn migrate_tables(settings: &PostgresSettings, name: &str) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let migration = runtime.block_on(PostgresStore::migrate(settings))?;
    output::print(&describe_tables(name, migration))
}

fn describe_tables(name: &str, TablesMigration { from, to }: TablesMigration) -> String {
    match from {
        None => format!("{name} has tables of version {to} now; there were none"),
        Some(from) if from == to => format!("{name} is up to date: its tables are of version {to}"),
        Some(from) => format!("the tables of {name} were brought from version {from} to {to}"),
    }
}

fn describe(database: &Path, migration: Option<&Migration>) -> String {
    let database = database.display();
    match migration {
        None => format!(
            "{database} is up to date: schema version {}",
            file::schema_version()
        ),
        Some(Migration { from, to, kept }) => format!(
            "{database} was brought from schema version {from} to {to}; as it was it is kept as {}",
            kept.display()
        ),
    }
}
