//! `bai import`

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::import_report::{Presentation, json, note_words, rule_words, text};
use super::import_target::{Target, TargetArgs};
use super::outcome::Outcome;
use super::report_file::ReportFile;
use super::{import_csv, import_rules, output, progress};
use crate::admin::import::{ImportCommand, ImportRow, Imported};
use crate::admin::{AdminCommand, Cause, Client, Failure, Output};
use crate::config::Config;

#[derive(Subcommand)]
pub enum ImportArgs {
    /// Bring users, companies and superusers from PocketBase (which should be stopped)
    Pocketbase(PocketbaseArgs),
    /// Bring users without passwords from a table: comma-separated values with a line of field names, as "bai user export" writes them
    Csv(import_csv::CsvArgs),
}

#[derive(Args)]
pub struct PocketbaseArgs {
    /// PocketBase's folder pb_data, its data.db, or a backup of it (.zip); it is only read
    from: PathBuf,
    /// Bring PocketBase's access rules, too, in place of those that hold here; --dry-run tells what each would open, and to whom
    #[arg(long)]
    rules: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArgs,
}

pub fn run(config: &Config, args: &ImportArgs) -> Outcome {
    match args {
        ImportArgs::Pocketbase(args) => pocketbase(config, args),
        ImportArgs::Csv(args) => import_csv::run(config, args),
    }
}

fn pocketbase(config: &Config, args: &PocketbaseArgs) -> Outcome {
    let command = ImportCommand {
        from: std::path::absolute(&args.from)?,
        with_rules: args.rules,
    };
    let mut target = Target::open(config, &args.target)?;
    let mut file = ReportFile::of(config, &args.target, Box::new(io::sink()))?;
    let imported = import(&mut target.client, command, &mut file)
        .map_err(|error| explained(error, &args.from))?;
    target.finish()?;
    for rule in &imported.rules {
        file.write(&rule_words(rule, args.rules).each_ref().map(String::as_str))?;
    }
    let presentation = Presentation {
        is_dry: args.target.dry_run,
        with_rules: args.rules,
        lifetime: config.token.lifetime,
        list: file.finish()?,
    };
    match args.json {
        true => output::print(&json(&imported, &presentation)?)?,
        false => output::print(&text(&imported, &presentation))?,
    }
    warn(&imported, args);
    outcome(imported.report.summary.refused(), args.target.dry_run)
}

fn import(
    client: &mut Client,
    command: ImportCommand,
    file: &mut ReportFile,
) -> Result<Imported, Box<dyn Error>> {
    let mut answer = client.send(AdminCommand::Import(command))?;
    let bar = progress::bar("records");
    let mut imported = Imported::default();
    while let Some(output) = answer.receive() {
        match output {
            Output::Progress(progress) => bar.update(progress),
            Output::Row(row) => match serde_json::from_value(row)? {
                ImportRow::Note(line) => file.write(&note_words(&line))?,
                ImportRow::End(end) => imported = end,
            },
            Output::Bytes(_) => {}
        }
    }
    bar.clear();
    answer.end()?;
    Ok(imported)
}

/// An error of a server that does not see what is here.
fn explained(error: Box<dyn Error>, from: &Path) -> Box<dyn Error> {
    let failure = error.downcast_ref::<Failure>();
    let is_missing = failure.is_some_and(|failure| failure.cause == Cause::NotFound);
    match is_missing && from.exists() {
        true => format!(
            "{error} that the running server sees, whose /tmp and /home are its own under systemd: copy it to where that sees it (/srv), or stop the server"
        )
        .into(),
        false => error,
    }
}

fn warn(imported: &Imported, args: &PocketbaseArgs) {
    if imported.report.is_in_use {
        eprintln!("bai: PocketBase is running: what it changed since this began has not come");
    }
    import_rules::warn(&imported.rules, args.rules);
}

fn outcome(refused: u64, is_dry: bool) -> Outcome {
    let come = match is_dry {
        true => "would not come",
        false => "did not come",
    };
    match refused {
        0 => Ok(()),
        refused => Err(format!("{refused} records {come}").into()),
    }
}
