//! `bai import csv`

use std::io;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::import_target::{Target, TargetArgs};
use super::outcome::Outcome;
use super::report_file::ReportFile;
use super::user_table::{Row, UserTable};
use super::{output, progress};
use crate::admin::users::UserCommand;
use crate::admin::{AdminCommand, Client, Progress};
use crate::config::Config;

/// Users that are sent at once.
const BATCH: usize = 200;

#[derive(Args)]
pub struct CsvArgs {
    /// The file, in UTF-8; empty cells, "created" and "updated" are passed over
    from: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
}

pub fn run(config: &Config, args: &CsvArgs) -> Outcome {
    let table = UserTable::read(&args.from)?;
    let mut target = Target::open(config, &args.target)?;
    let mut report = ReportFile::of(config, &args.target, Box::new(io::stdout()))?;
    let refused = import(&mut target.client, &table, &mut report)?;
    if let Some(name) = report.finish()? {
        output::print(&format!(
            "What did not come is listed in {}.",
            name.display()
        ))?;
    }
    target.finish()?;
    let (come, stay) = match args.target.dry_run {
        true => ("would come", "would not come"),
        false => ("came", "did not come"),
    };
    output::print(&format!("users {come}: {}", table.users - refused))?;
    if table.empty > 0 {
        output::print(&format!("empty lines passed over: {}", table.empty))?;
    }
    match refused {
        0 => Ok(()),
        refused => Err(format!("{refused} of {} users {stay}", table.users).into()),
    }
}

/// Makes the users; how many were not made.
fn import(
    client: &mut Client,
    table: &UserTable,
    report: &mut ReportFile,
) -> Result<usize, Box<dyn std::error::Error>> {
    let bar = progress::bar("users");
    let total = u64::try_from(table.users).unwrap_or(u64::MAX);
    let mut rows = table.rows()?.peekable();
    let mut done = 0;
    let mut refused = 0;
    while rows.peek().is_some() {
        let batch: Vec<Row> = rows.by_ref().take(BATCH).collect::<Result<_, _>>()?;
        let users = batch.iter().map(|row| row.values.clone()).collect();
        let outcomes = client.rows(AdminCommand::User(UserCommand::Import(users)))?;
        for (row, outcome) in batch.iter().zip(outcomes) {
            if let Value::String(problem) = outcome {
                report.write(&[&format!("line {}", row.line), name_of(row), &problem])?;
                refused += 1;
            }
        }
        done += u64::try_from(batch.len()).unwrap_or(u64::MAX);
        bar.update(Progress { done, total });
    }
    bar.clear();
    Ok(refused)
}

/// The first value of a row, by which a person knows it again.
fn name_of(row: &Row) -> &str {
    let first = row.values.values().next();
    first.and_then(Value::as_str).unwrap_or_default()
}
