//! `bai backup`

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::check::print_contents;
use super::files;
use super::outcome::Outcome;
use super::postgres;
use super::progress;
use super::session::{self, Access};
use crate::admin::maintenance::{Checksum, FileContents, MaintenanceCommand};
use crate::admin::{AdminCommand, Answer, Client, Failure, Output};
use crate::clock::Clock;
use crate::config::Config;
use crate::store;
use crate::store::file::Unfinished;

/// Bytes of a file that are read at once.
const PIECE: usize = 256 * 1024;

#[derive(Args)]
pub struct BackupArgs {
    /// The new file [default: beside the database, named after the time]
    file: Option<PathBuf>,
    /// JSON instead of a line
    #[arg(long)]
    json: bool,
}

/// Copies the database to a new file, which gets its name when it is read back.
pub fn run(config: &Config, args: BackupArgs) -> Outcome {
    postgres::refuse(config, "bai backup")?;
    let file = args.file.unwrap_or_else(|| beside(&config.store.path));
    files::ensure_new(&file)?;
    let mut client = session::open(config, Access::Change)?;
    let contents = copy(&mut client, &file)?;
    print_contents(&file, "", &contents, args.json)
}

/// Copies the client's database to a new file, which gets its name when it is what was sent, byte for byte; its contents. Whoever
/// sends it has read it back as a database.
pub fn copy(client: &mut Client, file: &Path) -> Result<FileContents, Box<dyn std::error::Error>> {
    let unfinished = Unfinished::new(&unfinished(file)?)?;
    let answer = client.send(AdminCommand::Maintenance(MaintenanceCommand::Backup))?;
    let (contents, sum) = receive(answer, unfinished.path())?;
    unfinished.sync()?;
    if !has_checksum(unfinished.path(), &sum)? {
        return Err(Failure::failed(format!("{} did not come whole", file.display())).into());
    }
    unfinished.name(file)?;
    Ok(contents)
}

fn unfinished(file: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let mut name = file
        .file_name()
        .ok_or("the backup needs the name of a file")?
        .to_owned();
    name.push(".new");
    Ok(file.with_file_name(name))
}

/// Writes the copy to the file `to`; its contents, and the checksum of what was sent.
fn receive(
    mut answer: Answer<'_>,
    to: &Path,
) -> Result<(FileContents, Checksum), Box<dyn std::error::Error>> {
    let mut begun = None;
    let mut sum = None;
    let bar = progress::bar("users");
    while let Some(output) = answer.receive() {
        match (output, &mut begun) {
            (Output::Progress(progress), _) => bar.update(progress),
            (Output::Row(row), None) => {
                let contents: FileContents = serde_json::from_value(row)?;
                begun = Some((create(to, contents.bytes)?, contents));
            }
            (Output::Row(row), Some(_)) => sum = Some(serde_json::from_value(row)?),
            (Output::Bytes(bytes), Some((file, _))) => file.write_all(&bytes)?,
            (Output::Bytes(_), None) => {
                return Err(Failure::failed("a file came without its length").into());
            }
        }
    }
    bar.clear();
    answer.end()?;
    match (begun, sum) {
        (Some((_, contents)), Some(sum)) => Ok((contents, sum)),
        _ => Err(Failure::failed("the backup did not come to its end").into()),
    }
}

fn has_checksum(file: &Path, expected: &Checksum) -> io::Result<bool> {
    let mut file = File::open(file)?;
    let mut sum = crc32fast::Hasher::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(sum.finalize() == expected.crc32),
            read => sum.update(&piece[..read]),
        }
    }
}

/// Makes the file for its owner only, if there is room, and locks it while it is written.
fn create(path: &Path, bytes: u64) -> Result<File, Box<dyn std::error::Error>> {
    store::file::ensure_disk_space(path, bytes)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(path)
        .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    // Where nothing can be locked, nobody else is expected.
    let _ = file.try_lock();
    Ok(file)
}

/// A path beside the database, named after the time.
fn beside(database: &Path) -> PathBuf {
    let stem = database.file_stem().unwrap_or_default().to_string_lossy();
    database.with_file_name(format!(
        "{stem}-{}.redb",
        Clock::System.now().strftime("%Y%m%d-%H%M%S")
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_is_cut_or_changed_has_another_sum() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("copy.redb");
        let sent = vec![7; 3 * PIECE + 1];
        let sum = Checksum {
            crc32: crc32fast::hash(&sent),
        };
        let mut changed = sent.clone();
        changed[2 * PIECE] ^= 1;
        for (came, is_whole) in [
            (&sent[..], true),
            (&sent[..3 * PIECE], false),
            (&changed, false),
        ] {
            fs::write(&path, came).unwrap();
            assert_eq!(has_checksum(&path, &sum).unwrap(), is_whole);
        }
    }
}
