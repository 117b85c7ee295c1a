//! The file that lists what does not come with an import, or comes otherwise: a line of words for each.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::import_target::TargetArgs;
use super::visible::visible;
use crate::config::Config;

/// Name of the list where there is no database file that it could be beside.
const NO_DATABASE_FILE: &str = "bai.import.tsv";

/// A list in a file, on the standard output, or nowhere.
pub struct ReportFile {
    name: Option<PathBuf>,
    /// Destination of the lines; a file is made with its first line, or at the end.
    lines: Option<Box<dyn Write>>,
    is_empty: bool,
}

impl ReportFile {
    /// The list that the arguments ask for; the one of a dry run is `otherwise` unless they name a file.
    pub fn of(
        config: &Config,
        args: &TargetArgs,
        otherwise: Box<dyn Write>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let name = match (&args.report, args.dry_run) {
            (Some(path), _) => Some(path.clone()),
            (None, false) if config.store.is_on_postgres() => Some(NO_DATABASE_FILE.into()),
            (None, false) => Some(beside(&config.store.path)),
            (None, true) => None,
        };
        if let Some(name) = &name {
            ensure_writable(name).map_err(|e| format!("cannot write {}: {e}", name.display()))?;
        }
        Ok(Self {
            lines: name.is_none().then_some(otherwise),
            name,
            is_empty: true,
        })
    }

    /// Writes a line of words.
    pub fn write(&mut self, words: &[&str]) -> io::Result<()> {
        self.is_empty = false;
        let words: Vec<_> = words.iter().copied().map(visible).collect();
        writeln!(self.lines()?, "{}", words.join("\t"))
    }

    /// Writes the list down; the file, if there is one and anything in it.
    pub fn finish(mut self) -> io::Result<Option<PathBuf>> {
        self.lines()?.flush()?;
        Ok(self.name.filter(|_| !self.is_empty))
    }

    fn lines(&mut self) -> io::Result<&mut dyn Write> {
        let lines: Box<dyn Write> = match (self.lines.take(), &self.name) {
            (Some(lines), _) => lines,
            (None, Some(name)) => Box::new(BufWriter::new(File::create(name)?)),
            (None, None) => Box::new(io::sink()),
        };
        Ok(self.lines.insert(lines))
    }
}

/// Makes sure of it before anything is imported, and leaves what is there.
fn ensure_writable(path: &Path) -> io::Result<()> {
    let is_there = path.exists();
    OpenOptions::new().append(true).create(true).open(path)?;
    match is_there {
        true => Ok(()),
        false => fs::remove_file(path),
    }
}

fn beside(database: &Path) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".import.tsv");
    database.with_file_name(name)
}
