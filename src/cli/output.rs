//! Output of commands: tables for people, JSON for programs.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::local_time::{TIMES, local_minute, local_text};
use super::outcome::Outcome;
use super::table::{Table, terminal_columns};
use super::visible::{visible, visible_json, visible_lines};
use crate::admin::Failure;

/// Prints rows with these columns as a table; `json`: all that they have, as one list.
///
/// # Errors
/// The standard output's.
pub fn rows(columns: &[&str], rows: &[Value], json: bool) -> Outcome {
    if json {
        return print(&visible_json(&serde_json::to_string_pretty(rows)?));
    }
    let cells = rows.iter().map(|row| {
        let cells = columns.iter().map(|column| cell(row, column));
        cells.collect()
    });
    let table = Table::new(columns, cells.collect());
    print(&table.lines(terminal_columns()).join("\n"))
}

/// A cell of a table of records, whose times are to the minute; those of events are to the second.
fn cell(row: &Value, column: &str) -> String {
    match &row[column] {
        Value::String(time) if ["created", "updated"].contains(&column) => local_minute(time),
        value => text(column, value),
    }
}

/// Prints one record, a line for each field; `json`: as it is.
///
/// # Errors
/// The standard output's.
pub fn record(record: &Value, json: bool) -> Outcome {
    if json {
        return print(&visible_json(&serde_json::to_string_pretty(record)?));
    }
    let fields = record.as_object().into_iter().flatten();
    let lines: Vec<_> = fields
        .map(|(name, value)| format!("{name:18} {}", text(name, value)))
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
        .map(|column| text(column, &record[*column]))
        .filter(|value| !value.is_empty());
    values.collect::<Vec<_>>().join("  ")
}

/// Prints lines, hidden characters shown: names that others chose may be in them.
///
/// # Errors
/// The standard output's.
pub fn print(text: &str) -> Outcome {
    Ok(writeln!(io::stdout(), "{}", visible_lines(text))?)
}

/// The value of a field in one line: times are local, and nothing in it hides or writes over the terminal.
fn text(name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(time) if TIMES.contains(&name) => local_text(time),
        Value::String(text) => visible(text).into_owned(),
        other => visible(&other.to_string()).into_owned(),
    }
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
    eprint!("{} [y/N] ", visible_lines(question));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::failed("nothing was done").into()),
    }
}
