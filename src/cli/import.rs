//! `bai import`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::import_target::{ReportFile, Target, TargetArgs};
use super::outcome::Outcome;
use super::visible::visible;
use super::{import_csv, import_rules};
use super::{output, progress};
use crate::admin::import::{ImportCommand, ImportRow, Imported};
use crate::admin::{AdminCommand, Client, Output};
use crate::config::Config;
use crate::domain::Kind;
use crate::pb_data::{Preference, Source, Summary};

#[derive(Subcommand)]
pub enum ImportArgs {
    /// Bring users, companies and superusers from PocketBase (which should be stopped)
    Pocketbase(PocketbaseArgs),
    /// Bring users without passwords from a table: comma-separated values with a line of field names, as "bai user export" writes them
    Csv(import_csv::CsvArgs),
}

#[derive(Args)]
pub struct PocketbaseArgs {
    /// PocketBase's folder pb_data, or a backup of it (.zip); it is only read
    from: PathBuf,
    /// Bring PocketBase's access rules, too, in place of those that hold here; --dry-run tells what each would open, and to whom
    #[arg(long)]
    rules: bool,
    /// Of two users with the same phone, the one who comes with it; the other comes without
    #[arg(long, value_name = "WHO", default_value = "platform")]
    prefer: Preference,
    /// Agree to logins that will not go here as they go in PocketBase; without it, an import with such is refused, and lists them
    #[arg(long)]
    accept: bool,
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
    let source = Source::open(&args.from)?;
    if source.is_in_use() {
        eprintln!("bai: PocketBase is running: what it changes from now on does not come");
    }
    let mut target = Target::open(config, &args.target)?;
    let report = ReportFile::of(config, &args.target)?;
    let command = ImportCommand {
        from: std::path::absolute(&args.from)?,
        with_rules: args.rules,
        preference: args.prefer,
        is_accepted: args.accept || args.target.dry_run,
    };
    let imported = import(&mut target.client, command, report)?;
    target.finish()?;
    print_summary(&source, &imported, config.token.lifetime, args)?;
    import_rules::warn(&imported.rules, args.rules);
    match imported.report.summary.refused() {
        0 => Ok(()),
        refused => Err(format!(
            "{refused} records {}",
            if args.target.dry_run {
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
    command: ImportCommand,
    mut report: ReportFile,
) -> Result<Imported, Box<dyn std::error::Error>> {
    let mut answer = client.send(AdminCommand::Import(command))?;
    let bar = progress::bar("records");
    let mut imported = Imported::default();
    while let Some(output) = answer.receive() {
        match output {
            Output::Progress(progress) => bar.update(progress),
            Output::Row(row) => match serde_json::from_value(row)? {
                ImportRow::Note(line) => report.write_note(&line)?,
                ImportRow::End(end) => imported = end,
            },
            Output::Bytes(_) => {}
        }
    }
    bar.clear();
    answer.end()?;
    report.finish(imported.report.summary.refused() > 0)?;
    Ok(imported)
}

fn print_summary(
    source: &Source,
    imported: &Imported,
    lifetime: Duration,
    args: &PocketbaseArgs,
) -> Outcome {
    let is_dry = args.target.dry_run;
    let mut lines = tally_lines(&imported.report.summary, is_dry);
    let left_behind = source.left_behind()?;
    lines.extend(
        left_behind
            .iter()
            .map(|what| format!("Left behind: {}.", visible(what))),
    );
    lines.extend(import_rules::lines(&imported.rules, args.rules, is_dry));
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
