//! One side of a comparison, as a value in the SQL that PocketBase makes, and how two of them compare.

use std::cmp::Ordering;
use std::fmt;

use super::budget::{Budget, TooCostly};
use super::like::{like, pattern};
use super::record::{Record, Value};
use super::sqlite::{Affinity, Datum, compare};
use super::syntax::{Modifier, Path, Relation, quoted};

/// The steps of a comparison beside those for the texts that it looks at: a number or a time that is made a text takes as many.
const COMPARISON: usize = 64;

/// Operand in the SQL that PocketBase makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The word NULL.
    Null,
    /// A number written into the SQL, or what is taken for one that is not empty.
    Literal,
    /// A bound parameter.
    Parameter,
    /// A bound parameter that was a boolean: SQLite has 0 or 1, but a pattern is made of the word.
    Flag,
    /// A column, or an expression of one.
    Column,
    /// An expression in which NULL is not the empty text.
    Exact,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Side<'a> {
    pub value: Datum<'a>,
    pub affinity: Affinity,
    pub source: Source,
}

/// Side that was evaluated before.
pub(super) type Constant = Side<'static>;

impl<'a> Side<'a> {
    pub const NULL: Self = Self::new(Source::Null, Datum::Null);

    pub const fn new(source: Source, value: Datum<'a>) -> Self {
        Self {
            value,
            affinity: Affinity::None,
            source,
        }
    }

    pub fn flag(source: Source, flag: bool) -> Self {
        Self::new(source, Datum::Integer(flag.into()))
    }

    /// Column of the record. Of one that is not stored yet it is a parameter: it has no affinity, and no number is an integer.
    pub fn of_record(path: &Path, record: &'a dyn Record) -> Self {
        let value = record.value(&path.name);
        match (value, path.modifier) {
            (Value::Number(number), None) if !record.is_stored() => {
                Self::new(Source::Column, Datum::Real(number))
            }
            _ if record.is_stored() => Self::column(path, value),
            _ => Self::new(Source::Column, Self::column(path, value).value),
        }
    }

    /// Field of the record that asks.
    pub fn of_auth(path: &Path, auth: Option<&'a dyn Record>) -> Self {
        match auth.map_or(Value::Null, |auth| auth.value(&path.name)) {
            Value::Null => Self::NULL,
            Value::Bool(flag) if is_parameter(path) => Self::flag(Source::Flag, flag),
            value if is_parameter(path) => {
                Self::new(Source::Parameter, Self::column(path, value).value)
            }
            value => Self::column(path, value),
        }
    }

    fn column(path: &Path, value: Value<'a>) -> Self {
        let (value, affinity) = match (value, path.modifier) {
            (Value::Choice(text), Some(Modifier::Length)) => {
                (Datum::Integer((!text.is_empty()).into()), Affinity::None)
            }
            (Value::Choice(text), Some(Modifier::Each)) => {
                (Datum::Text(text.into()), Affinity::None)
            }
            (Value::Choices(json), Some(Modifier::Length)) => {
                (Datum::Integer(count(json)), Affinity::None)
            }
            (value, _) => plain(value),
        };
        let value = match path.modifier {
            Some(Modifier::Lower) => return Self::new(Source::Column, value.into_lower()),
            _ => value,
        };
        Self {
            value,
            affinity,
            source: Source::Column,
        }
    }

    /// The same for as long as one wants.
    pub fn into_constant(self) -> Constant {
        Side {
            value: self.value.into_owned(),
            affinity: self.affinity,
            source: self.source,
        }
    }

    /// The same as a column of a subquery.
    pub fn in_subquery(self) -> Self {
        match self.source {
            Source::Exact => self,
            _ => Self {
                source: Source::Column,
                ..self
            },
        }
    }

    /// The bytes that a comparison looks at.
    fn bytes(&self) -> usize {
        if let Datum::Text(text) = &self.value {
            text.len()
        } else {
            0
        }
    }

    /// Known to be empty before any record is looked at.
    fn is_empty(&self) -> bool {
        match self.source {
            Source::Null => true,
            Source::Parameter => self.has_nothing(),
            Source::Literal | Source::Flag | Source::Column | Source::Exact => false,
        }
    }

    /// Known to be something before any record is looked at.
    fn is_something(&self) -> bool {
        match self.source {
            Source::Literal | Source::Flag => true,
            Source::Parameter => !self.has_nothing(),
            Source::Null | Source::Column | Source::Exact => false,
        }
    }

    fn has_nothing(&self) -> bool {
        match &self.value {
            Datum::Null => true,
            Datum::Text(text) => text.is_empty(),
            Datum::Integer(_) | Datum::Real(_) => false,
        }
    }
}

/// A filter's words for it, which may have another affinity.
impl fmt::Display for Side<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.value, self.source) {
            (Datum::Null, _) => f.write_str("null"),
            (Datum::Integer(flag), Source::Flag | Source::Exact) => write!(f, "{}", *flag == 1),
            (Datum::Integer(number), _) => number.fmt(f),
            (Datum::Real(number), _) => number.fmt(f),
            (Datum::Text(text), _) => f.write_str(&quoted(text)),
        }
    }
}

fn plain(value: Value<'_>) -> (Datum<'_>, Affinity) {
    match value {
        Value::Null => (Datum::Null, Affinity::None),
        Value::Text(text) | Value::Choice(text) | Value::Choices(text) => {
            (Datum::Text(text.into()), Affinity::Text)
        }
        Value::Number(number) => (Datum::number(number), Affinity::Numeric),
        Value::Bool(value) => (Datum::Integer(value.into()), Affinity::Numeric),
    }
}

/// The number of values in the JSON of a list.
fn count(json: &str) -> i64 {
    let values: Vec<serde::de::IgnoredAny> = serde_json::from_str(json).unwrap_or_default();
    i64::try_from(values.len()).unwrap_or(i64::MAX)
}

/// The value of a column as `sort` orders it.
pub(super) fn column<'a>(path: &Path, value: Value<'a>) -> Datum<'a> {
    Side::column(path, value).value
}

/// Of the record that asks, PocketBase has these at hand; for others it joins the table.
fn is_parameter(path: &Path) -> bool {
    let at_hand = [
        "id",
        "collectionId",
        "collectionName",
        "email",
        "emailVisibility",
        "verified",
    ];
    path.modifier.is_none() && at_hand.contains(&path.name.as_str())
}

/// Whether the two compare so; `None` is SQL's NULL.
pub(super) fn relates(
    relation: Relation,
    left: Side<'_>,
    right: Side<'_>,
    budget: &Budget,
) -> Result<Option<bool>, TooCostly> {
    budget.spend(COMPARISON + left.bytes() + right.bytes())?;
    Ok(match relation {
        Relation::Equal => equal(left, right, true),
        Relation::NotEqual => equal(left, right, false),
        Relation::Like => is_like(left, right, budget)?,
        Relation::NotLike => is_like(left, right, budget)?.map(|is_like| !is_like),
        Relation::Less => ordered(left, right).map(Ordering::is_lt),
        Relation::LessOrEqual => ordered(left, right).map(Ordering::is_le),
        Relation::Greater => ordered(left, right).map(Ordering::is_gt),
        Relation::GreaterOrEqual => ordered(left, right).map(Ordering::is_ge),
    })
}

fn ordered(left: Side<'_>, right: Side<'_>) -> Option<Ordering> {
    compare((left.value, left.affinity), (right.value, right.affinity))
}

/// Equality or, unless it is `wanted`, inequality. Nothing, NULL and the empty text are the same; inequality is never NULL (`IS NOT`).
fn equal(left: Side<'_>, right: Side<'_>, wanted: bool) -> Option<bool> {
    if left.source == Source::Exact || right.source == Source::Exact {
        return Some(is_same(left, right) == wanted);
    }
    let is_direct = left.is_something() || right.is_something();
    let is_equal = match (left.is_empty(), right.is_empty()) {
        (true, true) => true,
        (true, false) if !is_direct => right.has_nothing(),
        (false, true) if !is_direct => left.has_nothing(),
        (false, false) if !is_direct => {
            // COALESCE(a, '') = COALESCE(b, ''): an expression has no affinity.
            or_empty(left).order(&or_empty(right)).is_eq()
        }
        (is_left_empty, is_right_empty) => {
            let left = if is_left_empty { empty() } else { left };
            let right = if is_right_empty { empty() } else { right };
            if wanted {
                return ordered(left, right).map(Ordering::is_eq);
            }
            is_same(left, right)
        }
    };
    Some(is_equal == wanted)
}

/// `a IS b`.
fn is_same(left: Side<'_>, right: Side<'_>) -> bool {
    let both_null = left.value == Datum::Null && right.value == Datum::Null;
    both_null || ordered(left, right).is_some_and(Ordering::is_eq)
}

fn empty() -> Side<'static> {
    Side::new(Source::Literal, Datum::Text("".into()))
}

fn or_empty(side: Side<'_>) -> Datum<'_> {
    if side.has_nothing() {
        Datum::Text("".into())
    } else {
        side.value
    }
}

/// `None` when either is NULL. A column makes a pattern with its wildcards alive; a constant is escaped.
fn is_like(left: Side<'_>, right: Side<'_>, budget: &Budget) -> Result<Option<bool>, TooCostly> {
    match (left.value.into_text(), pattern_of(right)) {
        (Some(text), Some(pattern)) => like(&text, &pattern, budget).map(Some),
        _ => Ok(None),
    }
}

/// The pattern that `~` makes of its right side.
pub(super) fn pattern_of(side: Side<'_>) -> Option<String> {
    Some(match (side.source, side.value) {
        // Written by Go, not by SQLite: 1 is "1", not "1.0".
        (Source::Parameter, Datum::Real(number)) => pattern(&number.to_string()),
        (Source::Parameter, value) => pattern(&value.into_text()?),
        (Source::Flag, value) => pattern(if value.into_text()? == "1" {
            "true"
        } else {
            "false"
        }),
        (_, value) => format!("%{}%", value.into_text()?),
    })
}
