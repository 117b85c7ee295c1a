//! One row of a table of PocketBase's database, and its columns as PocketBase's types.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

use super::problem::Problem;
use super::source_tables::{Field, Table};
use crate::records::coerce;
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

    /// The text of a column; a deployment that does not have the column has the empty text in it. A list is the text of its JSON,
    /// as PocketBase's database has it.
    pub fn text(&self, name: &'static str) -> Result<String, Problem> {
        let text = match self.value(name) {
            None | Some(ValueRef::Null) => String::new(),
            Some(ValueRef::Text(text)) if !self.table.is_json(name) => {
                String::from_utf8(text.to_vec()).map_err(|_| Problem::unfit(name, "not UTF-8"))?
            }
            Some(ValueRef::Blob(_)) => return Err(Problem::unfit(name, "not a text")),
            Some(value) => coerce::shaped_text(&self.shown(name, value)?),
        };
        match text.chars().count() > MAX_CHARS {
            true => Err(Problem::unfit(name, "longer than 5000 characters")),
            false => Ok(text),
        }
    }

    /// The number in a column, whatever its type.
    pub fn number(&self, name: &'static str) -> Result<Number, Problem> {
        Ok(match self.value(name) {
            None | Some(ValueRef::Null) => Number::default(),
            Some(ValueRef::Integer(number)) => Number {
                is_set: true,
                is_exact: true,
                whole: number,
            },
            Some(value) => Number::of(&self.shown(name, value)?),
        })
    }

    /// The boolean in a column, whatever its type.
    pub fn flag(&self, name: &'static str) -> Result<bool, Problem> {
        match self.value(name) {
            None | Some(ValueRef::Null) => Ok(false),
            Some(value) => Ok(coerce::boolean(&self.shown(name, value)?)),
        }
    }

    /// A date; a deployment that does not keep it has that of the collection.
    pub fn date(&self, name: &'static str) -> Result<Timestamp, Problem> {
        match self.text(name)?.as_str() {
            "" => Ok(self.table.collection.created),
            text => {
                let other_form = || parse_date(&coerce::date(text));
                let date = parse_date(text).or_else(other_form);
                date.ok_or_else(|| Problem::unfit(name, "not a date"))
            }
        }
    }

    /// Whether the column is a number, of which 0 is none.
    pub fn is_number(&self, name: &str) -> bool {
        let field = self.table.field(name);
        field.is_some_and(|field| field.r#type == "number")
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

    /// A value of a column of that name as PocketBase's API has it.
    fn shown(&self, name: &'static str, value: ValueRef<'_>) -> Result<Value, Problem> {
        let cast = match self.table.field(name) {
            Some(field) => json(value, field),
            None => plain(value),
        };
        cast.ok_or_else(|| Problem::unfit(name, "not readable"))
    }

    fn value(&self, name: &str) -> Option<ValueRef<'_>> {
        self.row.get_ref(name).ok()
    }
}

/// A number that was cast to a whole one.
#[derive(Default)]
pub struct Number {
    /// Whether there was anything in the column.
    pub is_set: bool,
    /// Whether the cast lost nothing.
    pub is_exact: bool,
    /// The whole number.
    pub whole: i64,
}

impl Number {
    /// A value as PocketBase casts it: of a fraction the whole part, 0 of what is no number.
    fn of(value: &Value) -> Self {
        let number = coerce::number(value);
        let whole = whole(number.trunc()).unwrap_or_default();
        let is_number = !value.is_string() || coerce::text(value).trim().parse::<f64>().is_ok();
        Self {
            is_set: *value != "" && !value.is_null(),
            is_exact: is_number && number.fract() == 0.0,
            whole,
        }
    }
}

/// A value as PocketBase's API has it.
fn json(value: ValueRef<'_>, field: &Field) -> Option<Value> {
    Some(match (value, field.r#type.as_str()) {
        (ValueRef::Null, _) => field.empty(),
        (value, "bool") => coerce::boolean(&plain(value)?).into(),
        (value, "number") => number(coerce::number(&plain(value)?)),
        // What is no JSON is a text.
        (ValueRef::Text(bytes) | ValueRef::Blob(bytes), "json") => serde_json::from_slice(bytes)
            .ok()
            .or_else(|| plain(value))?,
        (value, "json") => plain(value)?,
        (ValueRef::Text(b"" | b"null"), _) if field.is_json() => field.empty(),
        (ValueRef::Text(bytes) | ValueRef::Blob(bytes), "geoPoint") => {
            serde_json::from_slice(bytes).ok()?
        }
        (ValueRef::Text(text), "date" | "autodate") => {
            coerce::date(std::str::from_utf8(text).ok()?).into()
        }
        (value, _) if field.is_json() => coerce::list(&plain(value)?).into(),
        (value, _) => plain(value)?,
    })
}

/// A value of a column that has no type of its own.
fn plain(value: ValueRef<'_>) -> Option<Value> {
    Some(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(real) => number(real),
        ValueRef::Text(text) | ValueRef::Blob(text) => std::str::from_utf8(text).ok()?.into(),
    })
}

/// A number, written without a fraction if it has none.
fn number(number: f64) -> Value {
    whole(number).map_or_else(|| number.into(), Value::from)
}

/// A number that has no fraction and that a double holds exactly.
#[expect(clippy::cast_possible_truncation, reason = "the bound is checked")]
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}
