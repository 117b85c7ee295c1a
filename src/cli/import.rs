//! `bai import`

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempDir;

use super::Outcome;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::Kind;
use crate::pocketbase::{self, Found, Source, Summary, Watcher};
use crate::store::{Location, Store};

#[derive(Subcommand)]
pub enum Command {
    /// Bring users, companies and superusers from PocketBase (both servers should be stopped)
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
}

pub fn run(config: &Config, command: &Command) -> Outcome {
    let Command::Pocketbase(options) = command;
    let source = Source::open(&options.from)?;
    if source.is_in_use() {
        eprintln!("bai: PocketBase is running: what it changes from now on does not come");
    }
    let scratch = options.dry_run.then(|| scratch(&config.store.path)).transpose()?;
    let path = scratch.as_ref().map_or(config.store.path.clone(), database_in);
    let report = match (&options.report, options.dry_run) {
        (Some(path), _) => Report::file(path)?,
        (None, true) => Report { name: None, lines: Box::new(io::stdout()) },
        (None, false) => Report::file(&beside(&config.store.path))?,
    };
    let summary = import(config, &source, &path, report)?;
    tell(&source, &summary, config.token.lifetime, options.dry_run);
    match summary.refused() {
        0 => Ok(()),
        refused => Err(format!(
            "{refused} records {}",
            if options.dry_run { "would not come" } else { "did not come" }
        )
        .into()),
    }
}

fn import(
    config: &Config,
    source: &Source,
    path: &Path,
    report: Report,
) -> Result<Summary, Box<dyn std::error::Error>> {
    // One thread reads, and another sees to it that what was read is written.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let store = Store::open(&Location::File(path.to_owned()), config.store.cache_mib << 20)?;
    let mut watcher = Progress { bar: bar()?, report };
    let summary = runtime.block_on(pocketbase::import(source, &store, &mut watcher, Clock::System.now()))?;
    runtime.block_on(super::remember(&store, config, "import pocketbase"))?;
    watcher.bar.finish_and_clear();
    watcher.report.lines.flush()?;
    if let Some(name) = watcher.report.name.filter(|_| summary.refused() > 0) {
        println!("What did not come is listed in {}.", name.display());
    }
    Ok(summary)
}

/// A dry run is the import itself, into a copy of the database that is thrown away.
fn scratch(database: &Path) -> Result<TempDir, Box<dyn std::error::Error>> {
    let scratch = tempfile::tempdir()?;
    if database.exists() {
        let file = File::open(database)?;
        if file.try_lock_shared().is_err() {
            return Err(format!("{} is in use by another process", database.display()).into());
        }
        fs::copy(database, database_in(&scratch))?;
    }
    Ok(scratch)
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
        let file = File::create(path).map_err(|e| format!("cannot write {}: {e}", path.display()))?;
        Ok(Self { name: Some(path.to_owned()), lines: Box::new(BufWriter::new(file)) })
    }
}

struct Progress {
    bar: ProgressBar,
    report: Report,
}

/// Shown on a terminal only.
fn bar() -> Result<ProgressBar, Box<dyn std::error::Error>> {
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} records, {eta} left")?;
    Ok(ProgressBar::new(0).with_style(style))
}

impl Watcher for Progress {
    fn total(&mut self, records: u64) {
        self.bar.set_length(records);
    }

    fn done(&mut self, records: usize) {
        self.bar.inc(records as u64);
    }

    fn found(&mut self, found: &Found<'_>) -> io::Result<()> {
        writeln!(self.report.lines, "{}\t{}\t{}", found.kind.name(), found.id, found.problem)
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
    if let Some(theirs) = source.token_secs().map(Duration::from_secs).filter(|theirs| *theirs != lifetime) {
        println!(
            "PocketBase's tokens were valid for {}, new ones are for {}; for the same as before set token.lifetime = \"{}\".",
            humantime::format_duration(theirs),
            humantime::format_duration(lifetime),
            humantime::format_duration(theirs)
        );
    }
}
