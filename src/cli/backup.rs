//! `bai backup`

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::check::tell;
use super::session::{Answer, Missing, Session};
use super::{Outcome, progress};
use crate::clock::Clock;
use crate::config::Config;
use crate::operate::upkeep::{Command as Upkeep, Holding};
use crate::operate::{Command, Failure, Output};
use crate::store::{self, Store};

#[derive(Args)]
pub struct Backup {
    /// The new file [default: beside the database, named after the time]
    file: Option<PathBuf>,
    /// JSON instead of a line
    #[arg(long)]
    json: bool,
}

/// Copies the database to a new file, which gets its name when it is read back.
pub fn run(config: &Config, asked: Backup) -> Outcome {
    let file = asked.file.unwrap_or_else(|| beside(&config.store.path));
    if file.exists() {
        return Err(Failure::invalid(format!("{} is there already", file.display())).into());
    }
    let expected = copy(&Session::open(config, Missing::Refuse)?, &file)?;
    tell(&file, "", &expected, asked.json)
}

/// Copies what the session leads to, to a new file, and reads that back before it gets its name: what it holds.
pub fn copy(session: &Session, file: &Path) -> Result<Holding, Box<dyn std::error::Error>> {
    let unfinished = Unfinished::new(file)?;
    let expected = receive(session.ask(Command::Upkeep(Upkeep::Backup))?, &unfinished)?;
    let found = Store::inspect(&unfinished.0)?.map(|contents| Holding::new(contents, expected.bytes));
    if found.as_ref() != Some(&expected) {
        return Err(Failure::failed(format!("{} did not come whole", file.display())).into());
    }
    fs::rename(&unfinished.0, file)?;
    store::sync_folder(file)?;
    Ok(expected)
}

/// Writes what comes to the file: what it is to hold.
fn receive(mut answer: Answer<'_>, to: &Unfinished) -> Result<Holding, Box<dyn std::error::Error>> {
    let (mut file, mut holding) = (None, None);
    let bar = progress::bar("users");
    while let Some(output) = answer.next() {
        match output {
            Output::Progress(far) => bar.show(far),
            Output::Row(row) => {
                let row: Holding = serde_json::from_value(row)?;
                file = Some(to.create(row.bytes)?);
                holding = Some(row);
            }
            Output::Bytes(bytes) => {
                if let Some(file) = &mut file {
                    file.write_all(&bytes)?;
                }
            }
        }
    }
    bar.clear();
    answer.end()?;
    if let Some(file) = file {
        file.sync_all()?;
    }
    holding.ok_or_else(|| Failure::failed("nothing came").into())
}

/// A file that is gone unless it gets another name. What a command that was killed has left, the next one for that file replaces.
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(file: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let mut name = file.file_name().ok_or("the backup needs the name of a file")?.to_owned();
        name.push(".new");
        Ok(Self(file.with_file_name(name)))
    }

    /// Makes it for its owner only, if there is room.
    fn create(&self, bytes: u64) -> Result<File, Box<dyn std::error::Error>> {
        store::ensure_room(&self.0, bytes)?;
        let _ = fs::remove_file(&self.0);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&self.0).map_err(|e| format!("cannot write {}: {e}", self.0.display()).into())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn beside(database: &Path) -> PathBuf {
    let stem = database.file_stem().unwrap_or_default().to_string_lossy();
    database.with_file_name(format!("{stem}-{}.redb", Clock::System.now().strftime("%Y%m%d-%H%M%S")))
}
