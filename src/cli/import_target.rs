//! The database that an import fills.

use std::fs::{self, File};
use std::path::PathBuf;

use clap::Args;

use super::backup;
use super::new_database::NewDatabase;
use super::outcome::Outcome;
use super::scratch::Scratch;
use super::session::{self, Access};
use super::{postgres, scratch_copy};
use crate::admin::Client;
use crate::backup::is_missing;
use crate::config::Config;
use crate::store;

#[derive(Args)]
pub struct TargetArgs {
    /// Say what would come and what would not, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// File for everything that does not come or comes otherwise, one by one [default: beside the database file, or for PostgreSQL bai.import.tsv; with --dry-run none]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    new: NewDatabase,
}

/// The database into which the records come.
pub struct Target {
    pub client: Client,
    /// A folder that is thrown away, of a dry run.
    scratch: Option<Scratch>,
    /// A new database, which gets its name when the import is done: nobody finds half of it.
    new: Option<(PathBuf, store::file::NewDatabase)>,
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
        let scratch = Scratch::new()?;
        let database = scratch.database();
        match postgres::database(config)? {
            Some((settings, _)) => scratch.of(scratch_copy::copy(&settings, &database))?,
            None => copy_database(config, &scratch)?,
        }
        let client = Client::open_file(&with_database(config, database));
        Ok(Self {
            client: scratch.of(client)?,
            scratch: Some(scratch),
            new: None,
        })
    }

    /// The database of the configuration, or a new one when there is none.
    fn database(config: &Config, new: NewDatabase) -> Result<Self, Box<dyn std::error::Error>> {
        if config.store.is_on_postgres()
            || !is_missing(&config.store.path)
            || Client::connect(&config.store.path)?.is_some()
        {
            return Ok(Self {
                client: session::open(config, Access::Change)?,
                scratch: None,
                new: None,
            });
        }
        new.check(config)?;
        let new = store::file::NewDatabase::begin(&config.store.path)?;
        let unfinished = with_database(config, new.path().to_owned());
        Ok(Self {
            client: Client::open_file(&unfinished)?,
            scratch: None,
            new: Some((config.store.path.clone(), new)),
        })
    }

    /// Closes the database, and gives a new one its name.
    pub fn finish(self) -> Outcome {
        drop(self.client);
        drop(self.scratch);
        if let Some((name, new)) = self.new {
            new.finish()?;
            eprintln!("bai: {}, a new database", name.display());
        }
        Ok(())
    }
}

/// Copies the database, if there is one.
fn copy_database(config: &Config, scratch: &Scratch) -> Outcome {
    let database = &config.store.path;
    let copy = scratch.database();
    if let Some(mut client) = Client::connect(database)? {
        scratch.of(backup::copy(&mut client, &copy))?;
    } else if database.exists() {
        let locked = File::open(database)?;
        if locked.try_lock_shared().is_err() {
            return Err(format!("{} is in use by another process", database.display()).into());
        }
        store::file::ensure_current(database)?;
        scratch.of(fs::copy(database, &copy))?;
    }
    Ok(())
}

/// The configuration with that database, of which nothing is read again and again: a small cache is as quick.
fn with_database(config: &Config, database: PathBuf) -> Config {
    const CACHE_MIB: usize = 16;
    let mut config = config.clone();
    config.store.cache_mib = config.store.cache_mib.min(CACHE_MIB);
    config.backup.dir = config.backup.folder(&config.store.path);
    config.store.path = database;
    config.store.url.clear();
    config
}
