//! `bai migrate`

use std::path::Path;

use super::outcome::Outcome;
use super::output;
use crate::admin::Client;
use crate::config::Config;
use crate::store::file::{self, Migration};

/// Brings a database of an older version up to date. The start of a server does the same, so a running one has done it.
pub fn run(config: &Config) -> Outcome {
    let database = &config.store.path;
    let migration = match Client::connect(database)? {
        Some(_) => None,
        None => file::migrate(database)?,
    };
    output::print(&describe(database, migration.as_ref()))
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
