//! Tables of users that people bring: comma-separated values under a line of field names. A table that can be read in two ways is
//! refused: a quote that stays open takes the users after it into one cell.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use csv::StringRecord;
use serde_json::{Map, Value};

use super::quotes::ensure_closed;
use super::user_file::{BYTE_ORDER_MARK, original};
use crate::admin::Failure;

/// Fields that the server sets: an export has them, and an import passes over them.
const PASSED_OVER: [&str; 2] = ["created", "updated"];
/// Signs that separate cells elsewhere.
const OTHER_SEPARATORS: [char; 5] = [';', '\t', '|', '，', '；'];

/// A line of a table: its number, and the values of a user.
pub struct Row {
    pub line: u64,
    pub values: Map<String, Value>,
}

/// The users of a table, which are read again each time: a million of them are too many to keep.
pub struct UserTable {
    text: String,
    /// Number of users.
    pub users: usize,
    /// Lines without a value, as spreadsheets leave them at the end.
    pub empty: usize,
}

impl UserTable {
    /// Reads the file, all of it, to see that each user can be read.
    ///
    /// # Errors
    /// Problem, with its line.
    pub fn read(from: &Path) -> Result<Self, Failure> {
        let text = text_of(from)?;
        Self::parse(text).map_err(|why| Failure::invalid(format!("{}: {why}", from.display())))
    }

    fn parse(text: String) -> Result<Self, String> {
        let table = table_of(&text);
        ensure_closed(table)?;
        let mut users = 0;
        let mut empty = 0;
        for line in lines(table)? {
            match line? {
                Some(_) => users += 1,
                None => empty += 1,
            }
        }
        Ok(Self { text, users, empty })
    }

    /// The users, in the order of their lines.
    ///
    /// # Errors
    /// Problem of the table, or of a line; none, as it was read before.
    pub fn rows(&self) -> Result<impl Iterator<Item = Result<Row, String>> + '_, String> {
        Ok(lines(table_of(&self.text))?.filter_map(Result::transpose))
    }
}

fn table_of(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Users and empty lines.
fn lines(table: &str) -> Result<impl Iterator<Item = Result<Option<Row>, String>> + '_, String> {
    let mut csv = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(table.as_bytes());
    let names = csv.headers().map_err(|error| error.to_string())?;
    let names = names.iter().map(str::trim).collect();
    ensure_header(&names)?;
    Ok(csv.into_records().map(move |record| {
        let record = record.map_err(|error| error.to_string())?;
        row(&names, &record, line_of(&record, table))
    }))
}

/// The user of a line; nothing of one without a value.
fn row(names: &StringRecord, record: &StringRecord, line: u64) -> Result<Option<Row>, String> {
    if record.iter().all(|cell| cell.trim().is_empty()) {
        return Ok(None);
    }
    let values = values(names, record).map_err(|why| format!("line {line} {why}"))?;
    Ok(Some(Row { line, values }))
}

fn text_of(from: &Path) -> Result<String, Failure> {
    let name = from.display();
    let bytes =
        fs::read(from).map_err(|e| Failure::not_found(format!("cannot read {name}: {e}")))?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::invalid(format!(
            "{name} is not in UTF-8: save it as \"CSV UTF-8\" in the spreadsheet"
        ))
    })
}

/// The line on which a record begins; its position is that of the blank lines in front of it.
fn line_of(record: &StringRecord, text: &str) -> u64 {
    let Some(position) = record.position() else {
        return 0;
    };
    let begin = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.get(begin..).unwrap_or_default().bytes();
    let blank = rest.take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let passed = blank.filter(|byte| *byte == b'\n').count();
    position.line() + u64::try_from(passed).unwrap_or_default()
}

fn ensure_header(names: &StringRecord) -> Result<(), String> {
    let columns = || names.iter().filter(|name| !name.is_empty());
    let mut seen = HashSet::new();
    if columns().next().is_none() {
        return Err(
            "there is no line of field names: the first line is such as users_phone,users_name"
                .to_owned(),
        );
    }
    if let Some(separator) = other_separator(names) {
        return Err(format!(
            "the cells are separated by {separator:?}: save the table with commas"
        ));
    }
    match columns().find(|name| !seen.insert(*name)) {
        None => Ok(()),
        Some(twice) => Err(format!(
            "the line of field names has {twice} twice: keep one of the columns"
        )),
    }
}

fn other_separator(names: &StringRecord) -> Option<char> {
    let first = names.get(0).filter(|_| names.len() == 1)?;
    OTHER_SEPARATORS
        .into_iter()
        .find(|separator| first.contains(*separator))
}

/// The values of a line; an empty cell is none.
fn values(names: &StringRecord, record: &StringRecord) -> Result<Map<String, Value>, String> {
    if record.len() != names.len() {
        return Err(format!(
            "has {} cells, the line of field names has {}",
            record.len(),
            names.len()
        ));
    }
    let mut values = Map::new();
    for (name, cell) in names
        .iter()
        .zip(record)
        .filter(|(_, cell)| !cell.is_empty())
    {
        if name.is_empty() {
            return Err("has a cell in a column that has no name".to_owned());
        }
        ensure_one_line(name, cell, names.len())?;
        if !PASSED_OVER.contains(&name) {
            values.insert(name.to_owned(), original(cell).into());
        }
    }
    Ok(values)
}

/// Refuses a cell with a line in it that could be a line of the table.
fn ensure_one_line(name: &str, cell: &str, cells: usize) -> Result<(), String> {
    let mut others = cell.lines().skip(1);
    if others.any(|line| line.matches(',').count() + 1 >= cells) {
        return Err(format!(
            "has other lines of the table in its cell {name}: a quote (\") opens it and is closed too late"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_may_mean_two_things_is_refused_with_its_line() {
        for (table, why) in [
            ("", "no line of field names"),
            ("\n\n", "no line of field names"),
            (",,\n1,2,3\n", "no line of field names"),
            ("a;b\n1;2\n", "separated by ';'"),
            ("a\tb\n1\t2\n", "separated by '\\t'"),
            ("a，b\n1，2\n", "separated by '，'"),
            ("a,b, a\n1,2,3\n", "has a twice"),
            ("a,b\n1,2\n3\n", "line 3 has 1 cells"),
            ("a,b\n1,2,3\n", "line 2 has 3 cells"),
            ("a,\n1,2\n", "no name"),
            ("a,b\n1,\"x\n2,y\n3,z\n", "line 2"),
            ("a,b\n1,\"x\n2,y\n3,z\"\n", "line 2 has other lines"),
            ("a,b\n1,2\n\"x\"y,4\n", "line 3"),
            ("a\n\"x\ny\"\n", "line 2 has other lines"),
        ] {
            let refused = UserTable::parse(table.to_owned()).err().unwrap_or_default();
            assert!(refused.contains(why), "{table:?}: {refused:?}");
        }
    }

    #[test]
    fn lines_without_a_value_are_passed_over_and_counted() {
        let table =
            UserTable::parse("a,b,\n1,\"x, \"\"y\"\"\",\n,,\n , ,\n,\n\n2,\"p\nq\",\n".to_owned())
                .unwrap();
        let rows: Vec<_> = table.rows().unwrap().map(Result::unwrap).collect();
        let lines: Vec<_> = rows.iter().map(|row| row.line).collect();
        assert_eq!((lines, table.users, table.empty), (vec![2, 7], 2, 3));
        assert_eq!(rows[0].values["b"], "x, \"y\"");
        assert_eq!(rows[1].values["b"], "p\nq");
    }
}
