//! `bai restore`

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::check::describe;
use super::session::{Answer, Session};
use super::{Outcome, output, progress};
use crate::admin::frame::Progress;
use crate::admin::maintenance::{Command as Upkeep, Holding, Replaced};
use crate::admin::{Command, Failure, Output};
use crate::clock::Clock;
use crate::config::Config;
use crate::random::Random;
use crate::store::{self, Restoration, Store};

/// Bytes of the file that are sent at once.
const PIECE: usize = 256 * 1024;

#[derive(Args)]
pub struct Restore {
    /// The backup; it is only read
    file: PathBuf,
    /// Tokens that were issued after the backup was made, or revoked since, may be valid again
    #[arg(long)]
    keep_tokens: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// JSON instead of lines
    #[arg(long)]
    json: bool,
}

/// Puts a backup in the place of the database, which is kept under another name.
pub fn run(config: &Config, asked: &Restore) -> Outcome {
    let database = &config.store.path;
    let Ok(file) = asked.file.metadata() else {
        return Err(
            Failure::not_found(format!("there is no file {}", asked.file.display())).into(),
        );
    };
    let found = Store::inspect(&store::resolve(&asked.file))?
        .map(|contents| describe(&Holding::new(contents, file.len())));
    let found = found.unwrap_or_else(|| "of an older version of bai".to_owned());
    let server = Session::with_server(config)?;
    let question = format!(
        "{}: {found}. Put it in the place of {}?",
        asked.file.display(),
        database.display()
    );
    output::confirm(&question, asked.yes)?;
    let replaced = match server {
        Some(session) => through_the_door(&session, asked)?,
        None => Replaced::new(
            &Store::restore_file(database, &restoration(asked))?,
            database,
        ),
    };
    tell(database, &replaced, asked.json)
}

fn restoration(asked: &Restore) -> Restoration {
    let (from, keep_tokens) = (store::resolve(&asked.file), asked.keep_tokens);
    Restoration {
        from,
        keep_tokens,
        clock: Clock::System,
        random: Random::System,
    }
}

fn through_the_door(
    session: &Session,
    asked: &Restore,
) -> Result<Replaced, Box<dyn std::error::Error>> {
    let mut answer = session.ask(Command::Maintenance(Upkeep::Restore {
        keep_tokens: asked.keep_tokens,
    }))?;
    let sent = send(&mut answer, &asked.file);
    let mut row = None;
    while let Some(output) = answer.next() {
        if let Output::Row(replaced) = output {
            row = Some(replaced);
        }
    }
    // Why the server took no more says more than that it did not.
    answer.end()?;
    sent?;
    Ok(serde_json::from_value(row.ok_or("nothing came")?)?)
}

fn send(answer: &mut Answer<'_>, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut file = File::open(file)?;
    let (mut done, total) = (0, file.metadata()?.len());
    let bar = progress::bar("bytes");
    loop {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece)?;
        piece.truncate(read);
        if piece.is_empty() {
            bar.clear();
            return Ok(answer.end_of_input()?);
        }
        answer.give(piece)?;
        done += read as u64;
        bar.show(Progress { done, total });
    }
}

fn tell(database: &Path, replaced: &Replaced, json: bool) -> Outcome {
    let mut out = io::stdout();
    if json {
        return Ok(writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(replaced)?
        )?);
    }
    writeln!(
        out,
        "{}: {}",
        database.display(),
        describe(&replaced.holding)
    )?;
    if let Some(before) = &replaced.before {
        writeln!(out, "The database before it is {before}.")?;
    }
    if replaced.revoked > 0 {
        writeln!(
            out,
            "{} users and superusers whose tokens ended since the backup have to log in anew.",
            replaced.revoked
        )?;
    }
    Ok(())
}
