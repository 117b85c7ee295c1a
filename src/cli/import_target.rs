//! The database that an import fills, and the report of what does not come.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::TempDir;

use super::new_database::NewDatabase;
use super::outcome::Outcome;
use super::session::{self, Access};
use super::visible::visible;
use super::{backup, output};
use crate::admin::Client;
use crate::backup::is_missing;
use crate::config::Config;
use crate::pb_data::NoteLine;
use crate::store;

#[derive(Args)]
pub struct TargetArgs {
    /// Say what would come and what would not, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Where to list the records that do not come [default: beside the database; with --dry-run the standard output]
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    new: NewDatabase,
}

/// The database into which the records come.
pub struct Target {
    pub client: Client,
    /// A folder that is thrown away, of a dry run.
    scratch: Option<TempDir>,
    /// A new database, which gets its name when the import is done: nobody finds half of it.
    new: Option<store::file::NewDatabase>,
}

impl Target {
    /// The database that the arguments ask for.
    pub fn open(config: &Config, args: &TargetArgs) -> Result<Self, Box<dyn std::error::Error>> {
        if args.dry_run {
            Self::scratch(config)
        } else {
            Self::database(config, args.new)
        }
    }

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
    pub fn finish(self) -> Outcome {
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

/// List of the records that do not come: what it is and the problem.
pub struct ReportFile {
    name: Option<PathBuf>,
    lines: Box<dyn Write>,
}

impl ReportFile {
    /// The list that the arguments ask for.
    pub fn of(config: &Config, args: &TargetArgs) -> Result<Self, Box<dyn std::error::Error>> {
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

    /// Writes a note of an import from PocketBase.
    pub fn write_note(&mut self, line: &NoteLine) -> io::Result<()> {
        let NoteLine {
            collection,
            id,
            text,
            ..
        } = line;
        self.write(&[collection, id, text])
    }

    /// Writes a line of words.
    pub fn write(&mut self, words: &[&str]) -> io::Result<()> {
        let words: Vec<_> = words.iter().copied().map(visible).collect();
        writeln!(self.lines, "{}", words.join("\t"))
    }

    /// Writes the list down; says where it is, if there is anything in it.
    pub fn finish(mut self, is_needed: bool) -> Outcome {
        self.lines.flush()?;
        match self.name.filter(|_| is_needed) {
            Some(name) => output::print(&format!(
                "What did not come is listed in {}.",
                name.display()
            )),
            None => Ok(()),
        }
    }
}
