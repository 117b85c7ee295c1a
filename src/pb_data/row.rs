//! One row of a table of PocketBase's database, and its columns as PocketBase's types.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

use super::problem::Problem;
use super::source_tables::{Field, Table};
use crate::records::date::parse_date;

/// Characters of a text field: PocketBase's own bound unless a field sets another.
const MAX_CHARS: usize = 5000;

/// A row with the names of its columns.
pub struct TableRow<'a> {
    row: &'a Row<'a>,
    table: &'a Table,
}

impl<'a> TableRow<'a> {
    pub fn new(row: &'a Row<'a>, table: &'a Table) -> Self {
        Self { row, table }
    }

    /// The text of a column; a deployment that does not have the column has the empty text in it.
    pub fn text(&self, name: &'static str) -> Result<String, Problem> {
        let text = match self.value(name) {
            None | Some(ValueRef::Null) => String::new(),
            Some(ValueRef::Text(text)) => {
                String::from_utf8(text.to_vec()).map_err(|_| Problem::unfit(name, "not UTF-8"))?
            }
            Some(ValueRef::Integer(number)) => number.to_string(),
            Some(_) => return Err(Problem::unfit(name, "not a text")),
        };
        match text.chars().count() > MAX_CHARS {
            true => Err(Problem::unfit(name, "longer than 5000 characters")),
            false => Ok(text),
        }
    }

    /// The whole number in a column.
    pub fn number(&self, name: &'static str) -> Result<i64, Problem> {
        match self.value(name) {
            None | Some(ValueRef::Null) => Ok(0),
            Some(ValueRef::Integer(number)) => Ok(number),
            Some(ValueRef::Real(number)) => {
                whole(number).ok_or_else(|| Problem::unfit(name, "not a whole number"))
            }
            Some(_) => Err(Problem::unfit(name, "not a number")),
        }
    }

    /// The boolean in a column.
    pub fn flag(&self, name: &'static str) -> Result<bool, Problem> {
        Ok(self.number(name)? != 0)
    }

    /// A date; a deployment that does not keep it has that of the collection.
    pub fn date(&self, name: &'static str) -> Result<Timestamp, Problem> {
        match self.text(name)?.as_str() {
            "" => Ok(self.table.collection.created),
            text => parse_date(text).ok_or_else(|| Problem::unfit(name, "not a date")),
        }
    }

    /// Every column that is the deployment's own and not hidden, as the text of one JSON object; `None` when there is none.
    pub fn own_columns(&self) -> Result<Option<String>, Problem> {
        let mut columns = Map::new();
        for field in self.table.own_fields().filter(|field| !field.hidden) {
            if let Some(value) = self.value(&field.name) {
                let value = json(value, field)
                    .ok_or_else(|| Problem::UnreadableColumn(field.name.clone()))?;
                columns.insert(field.name.clone(), value);
            }
        }
        columns.sort_keys();
        Ok((!columns.is_empty()).then(|| Value::from(columns).to_string()))
    }

    fn value(&self, name: &str) -> Option<ValueRef<'_>> {
        self.row.get_ref(name).ok()
    }
}

/// A value as PocketBase's API has it.
fn json(value: ValueRef<'_>, field: &Field) -> Option<Value> {
    Some(match (value, field.r#type.as_str()) {
        (ValueRef::Integer(number), "bool") => (number != 0).into(),
        (ValueRef::Null, "json") => Value::Null,
        (ValueRef::Null, "number") => 0.into(),
        (ValueRef::Null, _) => "".into(),
        (ValueRef::Integer(number), _) => number.into(),
        (ValueRef::Real(number), _) => match whole(number) {
            Some(number) => number.into(),
            None => number.into(),
        },
        (ValueRef::Text(text), _) if field.is_json() => serde_json::from_slice(text).ok()?,
        (ValueRef::Text(text), _) => std::str::from_utf8(text).ok()?.into(),
        (ValueRef::Blob(bytes), _) if field.is_json() => serde_json::from_slice(bytes).ok()?,
        (ValueRef::Blob(_), _) => return None,
    })
}

/// A number that has no fraction and that a double holds exactly.
#[expect(clippy::cast_possible_truncation, reason = "the bound is checked")]
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}
