//! `bai restore`

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::check::{describe, older};
use super::outcome::Outcome;
use super::{files, output, postgres, progress};
use crate::admin::maintenance::{FileContents, MaintenanceCommand, RestoreSummary};
use crate::admin::{AdminCommand, Answer, Client, Failure, Output, Progress};
use crate::clock::Clock;
use crate::config::Config;
use crate::random::Random;
use crate::store;
use crate::store::file::Restoration;

/// Bytes of the file that are sent at once.
const PIECE: usize = 256 * 1024;

#[derive(Args)]
pub struct RestoreArgs {
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
pub fn run(config: &Config, args: &RestoreArgs) -> Outcome {
    postgres::refuse(config, "bai restore")?;
    let database = &config.store.path;
    let file = files::ensure_file(&args.file)?;
    if files::are_the_same(&args.file, database) {
        return Err(Failure::invalid(format!(
            "{} is the database itself: name a backup of it (\"bai backup\" makes one)",
            args.file.display()
        ))
        .into());
    }
    let inspection = store::file::inspect(&args.file, config.store.cache_mib << 20)?;
    let found = describe_backup(&FileContents::of_any_version(inspection, file.len()));
    let server = Client::connect(database)?;
    if server.is_none() {
        store::file::ensure_replaceable(database)?;
    }
    let question = format!(
        "{}: {found}. Put it in the place of {}?",
        args.file.display(),
        database.display()
    );
    output::confirm(&question, args.yes)?;
    let summary = match server {
        Some(mut client) => restore_in_server(&mut client, args)?,
        None => RestoreSummary::new(
            &store::file::restore(database, &restoration(args))?,
            database,
        ),
    };
    print_summary(database, &summary, args.json)
}

fn describe_backup(contents: &FileContents) -> String {
    let described = describe(contents);
    if contents.is_older() {
        format!("{described}, {}", older(contents))
    } else {
        described
    }
}

fn restoration(args: &RestoreArgs) -> Restoration {
    Restoration {
        from: store::file::resolve(&args.file),
        keep_tokens: args.keep_tokens,
        clock: Clock::System,
        random: Random::System,
    }
}

fn restore_in_server(
    client: &mut Client,
    args: &RestoreArgs,
) -> Result<RestoreSummary, Box<dyn std::error::Error>> {
    let command = MaintenanceCommand::Restore {
        keep_tokens: args.keep_tokens,
    };
    let mut answer = client.send(AdminCommand::Maintenance(command))?;
    let sent = send(&mut answer, &args.file);
    let mut row = None;
    while let Some(output) = answer.receive() {
        if let Output::Row(summary) = output {
            row = Some(summary);
        }
    }
    // Why the server took no more says more than that it did not.
    answer.end()?;
    sent?;
    Ok(serde_json::from_value(row.ok_or("nothing came")?)?)
}

fn send(answer: &mut Answer<'_>, file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut file = File::open(file)?;
    let total = file.metadata()?.len();
    let mut done = 0;
    let bar = progress::bar("bytes");
    loop {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece)?;
        piece.truncate(read);
        if piece.is_empty() {
            bar.clear();
            return Ok(answer.end_of_input()?);
        }
        answer.send_bytes(piece)?;
        done += read as u64;
        bar.update(Progress { done, total });
    }
}

fn print_summary(database: &Path, summary: &RestoreSummary, json: bool) -> Outcome {
    let mut out = io::stdout();
    if json {
        return Ok(writeln!(out, "{}", serde_json::to_string_pretty(summary)?)?);
    }
    writeln!(
        out,
        "{}: {}",
        database.display(),
        describe(&summary.contents)
    )?;
    if let Some(before) = &summary.before {
        writeln!(out, "The database before it is {before}.")?;
    }
    if summary.revoked > 0 {
        writeln!(
            out,
            "{} users and superusers whose tokens ended since the backup have to log in anew.",
            summary.revoked
        )?;
    }
    Ok(())
}
