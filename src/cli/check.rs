//! `bai check`

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::files;
use super::local_time::local;
use super::outcome::Outcome;
use super::postgres;
use crate::admin::maintenance::{FileContents, MaintenanceCommand};
use crate::admin::{AdminCommand, Client};
use crate::config::Config;
use crate::store;

#[derive(Args)]
pub struct CheckArgs {
    /// The file [default: the database]
    file: Option<PathBuf>,
    /// JSON instead of a line
    #[arg(long)]
    json: bool,
}

/// Reads all of a file, or of the database, and changes nothing of it.
pub fn run(config: &Config, args: &CheckArgs) -> Outcome {
    if args.file.is_none()
        && let Some((_, name)) = postgres::database(config)?
    {
        return check_postgres(config, &name, args.json);
    }
    let file = args.file.as_ref().unwrap_or(&config.store.path);
    let is_database = |file: &PathBuf| files::are_the_same(file, &config.store.path);
    let server = match args.file.as_ref().is_none_or(is_database) {
        true => Client::connect(&config.store.path)?,
        false => None,
    };
    let contents = match server {
        Some(mut client) => {
            let check = AdminCommand::Maintenance(MaintenanceCommand::Check);
            serde_json::from_value(client.row(check)?)?
        }
        None => read_file(config, file)?,
    };
    print_contents(file, &words(&contents), &contents, args.json)
}

fn check_postgres(config: &Config, name: &str, json: bool) -> Outcome {
    let check = AdminCommand::Maintenance(MaintenanceCommand::Check);
    let row = Client::open_postgres(config)?.row(check)?;
    let contents: FileContents = serde_json::from_value(row)?;
    let line = match json {
        true => serde_json::to_string_pretty(&DatabaseReport::new(name, &contents))?,
        false => format!("{name}: whole; {}", describe(&contents)),
    };
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// A database on PostgreSQL with its contents, for programs.
#[derive(Serialize)]
struct DatabaseReport<'a> {
    database: &'a str,
    users: u64,
    companies: u64,
    superusers: u64,
    events: u64,
    avatars: u64,
}

impl<'a> DatabaseReport<'a> {
    fn new(database: &'a str, contents: &FileContents) -> Self {
        let FileContents {
            users,
            companies,
            superusers,
            events,
            avatars,
            ..
        } = *contents;
        Self {
            database,
            users,
            companies,
            superusers,
            events,
            avatars,
        }
    }
}

/// The judgement on a file that was read to its end.
fn words(contents: &FileContents) -> String {
    if contents.is_older() {
        format!("whole and {}; ", older(contents))
    } else {
        "whole; ".to_owned()
    }
}

/// The version of an older file, beside that of this program.
pub fn older(contents: &FileContents) -> String {
    let (found, written) = (contents.version, store::file::schema_version());
    format!("older: of schema version {found}, this bai writes {written}")
}

fn read_file(config: &Config, file: &Path) -> Result<FileContents, Box<dyn std::error::Error>> {
    let found = files::ensure_file(file)?;
    let inspection = store::file::inspect(file, config.store.cache_mib << 20)?;
    Ok(FileContents::of_any_version(inspection, found.len()))
}

/// A file with its contents, for programs.
#[derive(Serialize)]
struct FileReport<'a> {
    path: PathBuf,
    #[serde(flatten)]
    contents: &'a FileContents,
}

/// Prints the contents of a file in a line, behind these words, or as JSON.
pub fn print_contents(file: &Path, words: &str, contents: &FileContents, json: bool) -> Outcome {
    let line = if json {
        let path = std::path::absolute(file)?;
        serde_json::to_string_pretty(&FileReport { path, contents })?
    } else {
        format!("{}: {words}{}", file.display(), describe(contents))
    };
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// The contents in words: counts, and the time when the file was made, if it is a backup.
pub fn describe(contents: &FileContents) -> String {
    let FileContents {
        made,
        users,
        companies,
        superusers,
        events,
        avatars,
        ..
    } = contents;
    let made = made
        .map(|made| format!(", made {}", local(made)))
        .unwrap_or_default();
    let avatars = match avatars {
        0 => String::new(),
        avatars => format!(", avatars {avatars}"),
    };
    format!(
        "users {users}, companies {companies}, superusers {superusers}, events {events}{avatars}{made}"
    )
}
