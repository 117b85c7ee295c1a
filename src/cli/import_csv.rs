//! `bai import csv`

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use super::import_target::{Report, Target, TargetArgs};
use super::outcome::Outcome;
use super::user_file::{BYTE_ORDER_MARK, original};
use super::{output, progress};
use crate::admin::users::UserCommand;
use crate::admin::{AdminCommand, Client, Failure, Progress};
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

/// A line of the file: its number, and the values of a user.
struct Row {
    line: u64,
    values: Map<String, Value>,
}

pub fn run(config: &Config, args: &CsvArgs) -> Outcome {
    let rows = read(&args.from)?;
    let mut target = Target::open(config, &args.target)?;
    let mut report = Report::of(config, &args.target)?;
    let refused = import(&mut target.client, &rows, &mut report)?;
    report.finish(refused > 0)?;
    target.finish()?;
    let (come, stay) = match args.target.dry_run {
        true => ("would come", "would not come"),
        false => ("came", "did not come"),
    };
    output::print(&format!("users {come}: {}", rows.len() - refused))?;
    match refused {
        0 => Ok(()),
        refused => Err(format!("{refused} of {} users {stay}", rows.len()).into()),
    }
}

/// Makes the users; how many were not made.
fn import(
    client: &mut Client,
    rows: &[Row],
    report: &mut Report,
) -> Result<usize, Box<dyn std::error::Error>> {
    let bar = progress::bar("users");
    let mut refused = 0;
    for (index, batch) in rows.chunks(BATCH).enumerate() {
        let users = batch.iter().map(|row| row.values.clone()).collect();
        let outcomes = client.rows(AdminCommand::User(UserCommand::Import(users)))?;
        for (row, outcome) in batch.iter().zip(outcomes) {
            if let Value::String(problem) = outcome {
                report.write(&[
                    format!("line {}", row.line).into(),
                    name_of(row),
                    problem.into(),
                ])?;
                refused += 1;
            }
        }
        let done = u64::try_from(index * BATCH + batch.len()).unwrap_or(u64::MAX);
        let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        bar.update(Progress { done, total });
    }
    bar.clear();
    Ok(refused)
}

/// The first value of a row, by which a person knows it again.
fn name_of(row: &Row) -> Value {
    row.values.values().next().cloned().unwrap_or_default()
}

fn read(from: &Path) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    let name = from.display();
    let bytes = fs::read(from).map_err(|e| format!("cannot read {name}: {e}"))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::invalid(format!(
            "{name} is not in UTF-8: save it as \"CSV UTF-8\" in the spreadsheet"
        ))
    })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let names = csv.headers()?.clone();
    let mut rows = Vec::new();
    for record in csv.records() {
        let record = record.map_err(|e| Failure::invalid(format!("{name}: {e}")))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = names.iter().zip(&record);
        let given =
            cells.filter(|(name, cell)| !cell.is_empty() && !["created", "updated"].contains(name));
        let values = given.map(|(name, cell)| (name.trim().to_owned(), original(cell).into()));
        rows.push(Row {
            line,
            values: values.collect(),
        });
    }
    Ok(rows)
}
