//! Tables for people: a line for each row, within the columns of the terminal.

use std::io;

use rustix::termios::tcgetwinsize;

use super::visible::{cut, width};

/// Columns of a terminal that does not say how many it has.
const USUAL_COLUMNS: usize = 80;
/// Blanks between two columns.
const GAP: usize = 2;
/// Columns whose cells may be cut, and how far: names that people gave. What is typed again is shown whole.
const CUT: [(&str, usize); 4] = [
    ("users_name", 8),
    ("company_name", 8),
    ("detail", 12),
    ("company_id", 10),
];
/// Columns that are left out when there is no room for them, the first one first.
const LEFT_OUT: [&str; 4] = ["users_idtype", "updated", "company_name", "company_id"];

/// A table: names of columns, and rows with a cell for each.
pub struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(names: &[&str], rows: Vec<Vec<String>>) -> Self {
        let names = names.iter().map(ToString::to_string).collect();
        let mut table = Self { names, rows };
        for index in (1..table.names.len()).rev() {
            if !table.rows.is_empty() && table.rows.iter().all(|row| row[index].is_empty()) {
                table.remove(index);
            }
        }
        table
    }

    /// The lines of the table, in at most so many columns if that can be.
    pub fn lines(mut self, columns: usize) -> Vec<String> {
        self.fit(columns);
        let widths = self.widths();
        let rows = std::iter::once(&self.names).chain(&self.rows);
        rows.map(|row| line(row, &widths)).collect()
    }

    fn fit(&mut self, columns: usize) {
        for name in LEFT_OUT {
            if self.least_width() <= columns {
                break;
            }
            if let Some(index) = self.index(name) {
                self.remove(index);
            }
        }
        self.cut(columns);
    }

    /// Cuts cells to what there is room for.
    fn cut(&mut self, columns: usize) {
        for (name, least) in CUT {
            let over = self.width().saturating_sub(columns);
            if let Some(index) = self.index(name).filter(|_| over > 0) {
                let most = self.widths()[index].saturating_sub(over).max(least);
                for row in &mut self.rows {
                    row[index] = cut(&row[index], most).into_owned();
                }
            }
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }

    fn remove(&mut self, index: usize) {
        self.names.remove(index);
        for row in &mut self.rows {
            row.remove(index);
        }
    }

    fn widths(&self) -> Vec<usize> {
        let rows = std::iter::once(&self.names).chain(&self.rows);
        rows.fold(vec![0; self.names.len()], |widths, row| {
            let wider = widths.iter().zip(row);
            wider.map(|(most, cell)| width(cell).max(*most)).collect()
        })
    }

    fn width(&self) -> usize {
        total(&self.widths())
    }

    /// The width when all is cut that may be.
    fn least_width(&self) -> usize {
        let mut widths = self.widths();
        for (name, least) in CUT {
            if let Some(index) = self.index(name) {
                let heading = width(&self.names[index]);
                widths[index] = widths[index].min(heading.max(least));
            }
        }
        total(&widths)
    }
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, most) in row.iter().zip(widths) {
        line.push_str(cell);
        line.push_str(&" ".repeat(most - width(cell) + GAP));
    }
    line.trim_end().to_owned()
}

/// Columns of the terminal that is written to, or else those that the environment tells.
pub fn terminal_columns() -> usize {
    let terminal = tcgetwinsize(io::stdout()).ok();
    let told = std::env::var("COLUMNS").ok();
    terminal
        .map(|size| usize::from(size.ws_col))
        .or_else(|| told?.parse().ok())
        .filter(|columns| *columns > 0)
        .unwrap_or(USUAL_COLUMNS)
}
