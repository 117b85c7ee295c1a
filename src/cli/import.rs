//! `bai import`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;
use tempfile::TempDir;

use super::new_database::NewDatabase;
use super::session::{Missing, Session};
use super::{Outcome, backup, progress};
use crate::admin;
use crate::admin::Output;
use crate::backup::is_missing;
use crate::config::Config;
use crate::domain::Kind;
use crate::pb_data::{Source, Summary};
use crate::store;

#[derive(Subcommand)]
pub enum Command {
    /// Bring users, companies and superusers from PocketBase (which should be stopped)
    Pocketbase(Pocketbase),
}

#[derive(Args)]
pub struct Pocketbase {
    /// PocketBase's folder pb_data, or a backup of it (.zip); it is only read
    from: PathBuf,
    /// Say what would come and what would not, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Where to list the records that do not come [default: beside the database; with --dry-run the standard output]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    new: NewDatabase,
}

pub fn run(config: &Config, command: &Command) -> Outcome {
    let Command::Pocketbase(options) = command;
    let source = Source::open(&options.from)?;
    if source.is_in_use() {
        eprintln!("bai: PocketBase is running: what it changes from now on does not come");
    }
    let scratch = options.dry_run.then(|| scratch(config)).transpose()?;
    let made = if options.dry_run {
        None
    } else {
        begin(config, options.new)?
    };
    let session = match (&scratch, &made) {
        (Some(scratch), _) => Session::alone(&with_database(config, database_in(scratch)))?,
        (None, Some(made)) => Session::alone(&with_database(config, made.path().to_owned()))?,
        (None, None) => Session::open(config, Missing::Refuse)?,
    };
    let report = match (&options.report, options.dry_run) {
        (Some(path), _) => Report::file(path)?,
        (None, true) => Report {
            name: None,
            lines: Box::new(io::stdout()),
        },
        (None, false) => Report::file(&beside(&config.store.path))?,
    };
    let from = std::path::absolute(&options.from)?;
    let summary = import(&session, from, report)?;
    drop(session);
    if let Some(made) = made {
        made.finish()?;
    }
    tell(&source, &summary, config.token.lifetime, options.dry_run);
    match summary.refused() {
        0 => Ok(()),
        refused => Err(format!(
            "{refused} records {}",
            if options.dry_run {
                "would not come"
            } else {
                "did not come"
            }
        )
        .into()),
    }
}

fn import(
    session: &Session,
    from: PathBuf,
    mut report: Report,
) -> Result<Summary, Box<dyn std::error::Error>> {
    let (mut answer, bar) = (
        session.ask(admin::Command::Import(from))?,
        progress::bar("records"),
    );
    let mut summary = Summary::default();
    while let Some(output) = answer.next() {
        match output {
            Output::Progress(far) => bar.show(far),
            Output::Row(Value::Array(found)) => report.write(&found)?,
            Output::Row(row) => summary = serde_json::from_value(row)?,
            Output::Bytes(_) => {}
        }
    }
    bar.clear();
    answer.end()?;
    report.lines.flush()?;
    if let Some(name) = report.name.filter(|_| summary.refused() > 0) {
        println!("What did not come is listed in {}.", name.display());
    }
    Ok(summary)
}

/// A dry run is the import itself, into a copy of the database that is thrown away.
fn scratch(config: &Config) -> Result<TempDir, Box<dyn std::error::Error>> {
    let (scratch, database) = (tempfile::tempdir()?, &config.store.path);
    if let Some(session) = Session::with_server(config)? {
        backup::copy(&session, &database_in(&scratch))?;
    } else if database.exists() {
        let locked = File::open(database)?;
        if locked.try_lock_shared().is_err() {
            return Err(format!("{} is in use by another process", database.display()).into());
        }
        fs::copy(database, database_in(&scratch))?;
    }
    Ok(scratch)
}

/// A new database, when there is none: nobody finds half of an import in it.
fn begin(
    config: &Config,
    new: NewDatabase,
) -> Result<Option<store::NewDatabase>, Box<dyn std::error::Error>> {
    if !is_missing(&config.store.path) || Session::with_server(config)?.is_some() {
        return Ok(None);
    }
    new.check(config)?;
    eprintln!("bai: {}, a new database", config.store.path.display());
    Ok(Some(store::NewDatabase::begin(&config.store.path)?))
}

fn with_database(config: &Config, database: PathBuf) -> Config {
    let mut config = config.clone();
    config.backup.dir = config.backup.folder(&config.store.path);
    config.store.path = database;
    config
}

fn database_in(scratch: &TempDir) -> PathBuf {
    scratch.path().join("bai.redb")
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".import.tsv");
    database.with_file_name(name)
}

/// Where the records are listed that do not come: collection, id, problem.
struct Report {
    name: Option<PathBuf>,
    lines: Box<dyn Write>,
}

impl Report {
    fn file(path: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let file =
            File::create(path).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        Ok(Self {
            name: Some(path.to_owned()),
            lines: Box::new(BufWriter::new(file)),
        })
    }

    fn write(&mut self, found: &[Value]) -> io::Result<()> {
        let words: Vec<_> = found.iter().filter_map(Value::as_str).collect();
        writeln!(self.lines, "{}", words.join("\t"))
    }
}

fn tell(source: &Source, summary: &Summary, lifetime: Duration, is_dry: bool) {
    println!(
        "{:16}{:>10}{:>16}{:>20}{:>14}",
        "",
        if is_dry { "would come" } else { "came" },
        "were here",
        "were changed here",
        "do not come"
    );
    for kind in [Kind::Companies, Kind::Superusers, Kind::Users] {
        let tally = summary.of(kind);
        println!(
            "{:16}{:>10}{:>16}{:>20}{:>14}",
            kind.name(),
            tally.new,
            tally.same,
            tally.newer_here,
            tally.refused
        );
    }
    for column in source.left_behind() {
        println!("Left behind: {column}.");
    }
    if let Some(theirs) = source
        .token_secs()
        .map(Duration::from_secs)
        .filter(|theirs| *theirs != lifetime)
    {
        println!(
            "PocketBase's tokens were valid for {}, new ones are for {}; for the same as before set token.lifetime = \"{}\".",
            humantime::format_duration(theirs),
            humantime::format_duration(lifetime),
            humantime::format_duration(theirs)
        );
    }
}
