//! Output of commands: tables for people, JSON for programs.

use std::io::{self, IsTerminal, Write};

use comfy_table::Table;
use comfy_table::presets;
use serde_json::Value;

use super::outcome::Outcome;
use crate::admin::Failure;

/// Prints rows with these columns as a table; `json`: all that they have, as one list.
///
/// # Errors
/// The standard output's.
pub fn rows(columns: &[&str], rows: &[Value], json: bool) -> Outcome {
    if json {
        return print(&serde_json::to_string_pretty(rows)?);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(columns);
    for row in rows {
        table.add_row(columns.iter().map(|column| text(&row[*column])));
    }
    let lines = table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>();
    print(&lines.join("\n"))
}

/// Prints one record, a line for each field; `json`: as it is.
///
/// # Errors
/// The standard output's.
pub fn record(record: &Value, json: bool) -> Outcome {
    if json {
        return print(&serde_json::to_string_pretty(record)?);
    }
    let fields = record.as_object().into_iter().flatten();
    let lines: Vec<_> = fields
        .map(|(name, value)| format!("{name:18} {}", text(value)))
        .collect();
    print(&lines.join("\n"))
}

/// Prints what was done, and to which record; `json`: the record as it is now.
///
/// # Errors
/// The standard output's.
pub fn done(what: &str, columns: &[&str], record: &Value, json: bool) -> Outcome {
    if json {
        return self::record(record, true);
    }
    print(&format!("{what}: {}", summary(columns, record)))
}

/// A record in one line.
pub fn summary(columns: &[&str], record: &Value) -> String {
    let values = columns
        .iter()
        .map(|column| text(&record[*column]))
        .filter(|value| !value.is_empty());
    values.collect::<Vec<_>>().join("  ")
}

/// Prints a line.
///
/// # Errors
/// The standard output's.
pub fn print(text: &str) -> Outcome {
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// Control characters would let a name write over the terminal.
fn text(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.replace(char::is_control, "\u{fffd}")
}

/// Asks for a confirmation of what cannot be undone; `yes`: it was given already.
///
/// # Errors
/// The answer is no, or there is nobody to ask.
pub fn confirm(question: &str, yes: bool) -> Outcome {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::invalid("it asks first, and the standard input is no terminal: say --yes to have it done without being asked").into());
    }
    eprint!("{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::failed("nothing was done").into()),
    }
}
