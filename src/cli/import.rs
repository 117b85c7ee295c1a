//! `bai import`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;
use tempfile::TempDir;

use super::new_database::NewDatabase;
use super::outcome::Outcome;
use super::session::{self, Access};
use super::{backup, output, progress};
use crate::admin::{AdminCommand, Client, Output};
use crate::backup::is_missing;
use crate::config::Config;
use crate::domain::Kind;
use crate::pb_data::{Source, Summary};
use crate::store;

#[derive(Subcommand)]
pub enum ImportArgs {
    /// Bring users, companies and superusers from PocketBase (which should be stopped)
    Pocketbase(PocketbaseArgs),
}

#[derive(Args)]
pub struct PocketbaseArgs {
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

pub fn run(config: &Config, args: &ImportArgs) -> Outcome {
    let ImportArgs::Pocketbase(args) = args;
    let source = Source::open(&args.from)?;
    if source.is_in_use() {
        eprintln!("bai: PocketBase is running: what it changes from now on does not come");
    }
    let mut target = if args.dry_run {
        Target::scratch(config)?
    } else {
        Target::database(config, args.new)?
    };
    let report = Report::of(config, args)?;
    let from = std::path::absolute(&args.from)?;
    let summary = import(&mut target.client, from, report)?;
    target.finish()?;
    print_summary(&source, &summary, config.token.lifetime, args.dry_run)?;
    match summary.refused() {
        0 => Ok(()),
        refused => Err(format!(
            "{refused} records {}",
            if args.dry_run {
                "would not come"
            } else {
                "did not come"
            }
        )
        .into()),
    }
}

fn import(
    client: &mut Client,
    from: PathBuf,
    mut report: Report,
) -> Result<Summary, Box<dyn std::error::Error>> {
    let mut answer = client.send(AdminCommand::Import(from))?;
    let bar = progress::bar("records");
    let mut summary = Summary::default();
    while let Some(output) = answer.receive() {
        match output {
            Output::Progress(progress) => bar.update(progress),
            Output::Row(Value::Array(refused)) => report.write(&refused)?,
            Output::Row(row) => summary = serde_json::from_value(row)?,
            Output::Bytes(_) => {}
        }
    }
    bar.clear();
    answer.end()?;
    report.lines.flush()?;
    if let Some(name) = report.name.filter(|_| summary.refused() > 0) {
        output::print(&format!(
            "What did not come is listed in {}.",
            name.display()
        ))?;
    }
    Ok(summary)
}

/// The database into which the records come.
struct Target {
    client: Client,
    /// A folder that is thrown away, of a dry run.
    scratch: Option<TempDir>,
    /// A new database, which gets its name when the import is done: nobody finds half of it.
    new: Option<store::file::NewDatabase>,
}

impl Target {
    /// A copy of the database that is thrown away: a dry run is the import itself.
    fn scratch(config: &Config) -> Result<Self, Box<dyn std::error::Error>> {
        let scratch = tempfile::tempdir()?;
        let database = scratch.path().join("bai.redb");
        copy_database(config, &database)?;
        Ok(Self {
            client: Client::open_file(&with_database(config, database))?,
            scratch: Some(scratch),
            new: None,
        })
    }

    /// The database of the configuration, or a new one when there is none.
    fn database(config: &Config, new: NewDatabase) -> Result<Self, Box<dyn std::error::Error>> {
        if !is_missing(&config.store.path) || Client::connect(&config.store.path)?.is_some() {
            return Ok(Self {
                client: session::open(config, Access::Change)?,
                scratch: None,
                new: None,
            });
        }
        new.check(config)?;
        eprintln!("bai: {}, a new database", config.store.path.display());
        let new = store::file::NewDatabase::begin(&config.store.path)?;
        let config = with_database(config, new.path().to_owned());
        Ok(Self {
            client: Client::open_file(&config)?,
            scratch: None,
            new: Some(new),
        })
    }

    /// Closes the database, and gives a new one its name.
    fn finish(self) -> Outcome {
        drop(self.client);
        drop(self.scratch);
        if let Some(new) = self.new {
            new.finish()?;
        }
        Ok(())
    }
}

/// Copies the database, if there is one, to `copy`.
fn copy_database(config: &Config, copy: &Path) -> Outcome {
    let database = &config.store.path;
    if let Some(mut client) = Client::connect(database)? {
        backup::copy(&mut client, copy)?;
    } else if database.exists() {
        let locked = File::open(database)?;
        if locked.try_lock_shared().is_err() {
            return Err(format!("{} is in use by another process", database.display()).into());
        }
        store::file::ensure_current(database)?;
        fs::copy(database, copy)?;
    }
    Ok(())
}

fn with_database(config: &Config, database: PathBuf) -> Config {
    let mut config = config.clone();
    config.backup.dir = config.backup.folder(&config.store.path);
    config.store.path = database;
    config
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".import.tsv");
    database.with_file_name(name)
}

/// List of the records that do not come: collection, id, problem.
struct Report {
    name: Option<PathBuf>,
    lines: Box<dyn Write>,
}

impl Report {
    /// The list that the arguments ask for.
    fn of(config: &Config, args: &PocketbaseArgs) -> Result<Self, Box<dyn std::error::Error>> {
        match (&args.report, args.dry_run) {
            (Some(path), _) => Self::file(path),
            (None, false) => Self::file(&beside(&config.store.path)),
            (None, true) => Ok(Self {
                name: None,
                lines: Box::new(io::stdout()),
            }),
        }
    }

    fn file(path: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let file =
            File::create(path).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        Ok(Self {
            name: Some(path.to_owned()),
            lines: Box::new(BufWriter::new(file)),
        })
    }

    fn write(&mut self, refused: &[Value]) -> io::Result<()> {
        let words: Vec<_> = refused.iter().filter_map(Value::as_str).collect();
        writeln!(self.lines, "{}", words.join("\t"))
    }
}

fn print_summary(source: &Source, summary: &Summary, lifetime: Duration, is_dry: bool) -> Outcome {
    let mut lines = tally_lines(summary, is_dry);
    let left_behind = source.left_behind();
    lines.extend(
        left_behind
            .iter()
            .map(|what| format!("Left behind: {what}.")),
    );
    lines.extend(lifetime_line(source, lifetime));
    output::print(&lines.join("\n"))
}

/// A table of what came, by kind.
fn tally_lines(summary: &Summary, is_dry: bool) -> Vec<String> {
    let mut lines = vec![format!(
        "{:16}{:>10}{:>16}{:>20}{:>14}",
        "",
        if is_dry { "would come" } else { "came" },
        "were here",
        "were changed here",
        "do not come"
    )];
    for kind in [Kind::Companies, Kind::Superusers, Kind::Users] {
        let tally = summary.of(kind);
        lines.push(format!(
            "{:16}{:>10}{:>16}{:>20}{:>14}",
            kind.name(),
            tally.new,
            tally.same,
            tally.newer_here,
            tally.refused
        ));
    }
    lines
}

/// A word about PocketBase's tokens, if they were valid for another time than ours.
fn lifetime_line(source: &Source, lifetime: Duration) -> Option<String> {
    let theirs = Duration::from_secs(source.token_secs()?);
    (theirs != lifetime).then(|| {
        let theirs = humantime::format_duration(theirs);
        let ours = humantime::format_duration(lifetime);
        format!(
            "PocketBase's tokens were valid for {theirs}, new ones are for {ours}; for the same as before set token.lifetime = \"{theirs}\"."
        )
    })
}
