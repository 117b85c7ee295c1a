//! Quotes of comma-separated values (RFC 4180), which readers of such files take as they come.

/// Place in a table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the begin of a cell.
    Begin,
    /// In a cell without quotes.
    Plain,
    /// In a cell with quotes.
    Quoted,
    /// Behind a quote in such a cell: the end of it, or the first of two that stand for one.
    Closed,
}

/// Refuses a quote that is not closed, and text behind one that is; with the line.
pub fn ensure_closed(text: &str) -> Result<(), String> {
    let mut place = Place::Begin;
    let mut line = 1;
    let mut opened = 1;
    for char in text.chars() {
        place = match (place, char) {
            (Place::Begin, '"') => {
                opened = line;
                Place::Quoted
            }
            (Place::Quoted, '"') => Place::Closed,
            (Place::Closed, '"') | (Place::Quoted, _) => Place::Quoted,
            (_, ',' | '\n' | '\r') => Place::Begin,
            (Place::Closed, _) => {
                return Err(format!(
                    "line {line} has text behind a closing quote; a quote within a cell is written twice (\"\")"
                ));
            }
            (Place::Begin | Place::Plain, _) => Place::Plain,
        };
        line += usize::from(char == '\n');
    }
    if place == Place::Quoted {
        return Err(format!(
            "line {opened} opens a quote (\") that is closed nowhere"
        ));
    }
    Ok(())
}
