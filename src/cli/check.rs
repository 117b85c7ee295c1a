//! `bai check`

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Outcome;
use super::session::Session;
use crate::admin::maintenance::{Command as Upkeep, Holding};
use crate::admin::{Command, Failure};
use crate::config::Config;
use crate::store::{self, Location, Store};

#[derive(Args)]
pub struct Check {
    /// The file [default: the database]
    file: Option<PathBuf>,
    /// JSON instead of a line
    #[arg(long)]
    json: bool,
}

/// Reads all of a file, or of the database, and changes nothing.
pub fn run(config: &Config, asked: &Check) -> Outcome {
    let file = asked.file.as_ref().unwrap_or(&config.store.path);
    let server = if asked.file.is_none() {
        Session::with_server(config)?
    } else {
        None
    };
    let holding = match server {
        Some(session) => {
            let rows = session.rows(Command::Maintenance(Upkeep::Check))?;
            serde_json::from_value(rows.into_iter().next().ok_or("nothing came")?)?
        }
        None => look(config, file)?,
    };
    tell(file, "whole; ", &holding, asked.json)
}

fn look(config: &Config, file: &Path) -> Result<Holding, Box<dyn std::error::Error>> {
    let Ok(found) = file.metadata() else {
        return Err(Failure::not_found(format!("there is no file {}", file.display())).into());
    };
    let contents = Store::look(
        &Location::File(store::resolve(file)),
        config.store.cache_mib << 20,
    )?;
    Ok(Holding::new(contents, found.len()))
}

/// What a file holds, in a line.
pub fn tell(file: &Path, what: &str, holding: &Holding, json: bool) -> Outcome {
    if json {
        return Ok(writeln!(
            io::stdout(),
            "{}",
            serde_json::to_string_pretty(holding)?
        )?);
    }
    Ok(writeln!(
        io::stdout(),
        "{}: {what}{}",
        file.display(),
        describe(holding)
    )?)
}

/// What there is, and when it was made, if it is a backup.
pub fn describe(holding: &Holding) -> String {
    let Holding {
        made,
        users,
        companies,
        superusers,
        events,
        ..
    } = holding;
    let made = made
        .map(|made| format!(", made {made}"))
        .unwrap_or_default();
    format!("users {users}, companies {companies}, superusers {superusers}, events {events}{made}")
}
