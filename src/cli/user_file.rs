//! Files of users: JSON Lines, or comma-separated values that a spreadsheet may open.

use std::io::{self, Write};

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::visible::{visible_cell, visible_json};

/// Mark by which spreadsheets read a file as UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

#[derive(Clone, Copy, ValueEnum)]
pub enum Format {
    /// JSON Lines: an object in each line
    Jsonl,
    /// Comma-separated values under a line of names (RFC 4180), for spreadsheets
    Csv,
}

/// A file of users; the first row are the names of the fields.
pub enum UserFile<W: Write> {
    Jsonl { names: Option<Vec<String>>, to: W },
    Csv(csv::Writer<W>),
}

impl<W: Write> UserFile<W> {
    pub fn begin(format: Format, mut to: W) -> io::Result<Self> {
        match format {
            Format::Jsonl => Ok(Self::Jsonl { names: None, to }),
            Format::Csv => {
                to.write_all(BYTE_ORDER_MARK.as_bytes())?;
                Ok(Self::Csv(csv::Writer::from_writer(to)))
            }
        }
    }

    pub fn write(&mut self, row: Value) -> io::Result<()> {
        let Value::Array(values) = row else {
            return Ok(());
        };
        match self {
            Self::Csv(csv) => csv.write_record(values.into_iter().map(cell))?,
            Self::Jsonl {
                names: Some(names),
                to,
            } => {
                let object: Map<String, Value> = names.iter().cloned().zip(values).collect();
                let line = serde_json::to_string(&object)?;
                writeln!(to, "{}", visible_json(&line))?;
            }
            Self::Jsonl { names, .. } => *names = Some(values.into_iter().map(plain).collect()),
        }
        Ok(())
    }

    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut csv) => csv.flush(),
            Self::Jsonl { mut to, .. } => to.flush(),
        }
    }
}

fn plain(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A cell that no spreadsheet takes for a formula; numbers are numbers.
fn cell(value: Value) -> String {
    match value {
        Value::String(text) => harmless(&visible_cell(&text)),
        other => plain(other),
    }
}

/// The text behind an apostrophe, if a spreadsheet might run it (OWASP, "CSV Injection"), or if it begins so already: then
/// [`original`] gives every text back.
pub fn harmless(text: &str) -> String {
    if is_formula(text.trim_start_matches('\'')) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The text of a cell, without the apostrophe that made it harmless.
pub fn original(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text.trim_start_matches('\'')) => text,
        _ => cell,
    }
}

fn is_formula(text: &str) -> bool {
    text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_comes_back_as_it_was() {
        for (text, written) in [
            ("Anne", "Anne"),
            ("=1+1", "'=1+1"),
            ("+8613800138000", "'+8613800138000"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("\n=1", "'\n=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("'=1", "''=1"),
            ("''=1", "'''=1"),
            ("'s", "'s"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), written);
            assert_eq!(original(written), text);
        }
    }
}
