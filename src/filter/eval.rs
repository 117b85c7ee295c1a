//! Whether a record is what a filter asks for.
//!
//! SQL knows a third truth value, NULL. The language has no negation of a whole comparison, so NULL is the same as false here.

use std::cmp::Ordering;

use serde::de::IgnoredAny;

use super::budget::{Budget, TooCostly};
use super::like::{like, pattern};
use super::record::{Context, Record, Value};
use super::sqlite::{Affinity, Datum, compare};
use super::tree::{Comparison, Modifier, Node, Operand, Path, Relation};

/// The steps of a comparison beside those for the texts that it looks at: a number or a time that is made a text takes as many.
const COMPARISON: usize = 64;

/// A look at one record.
pub(super) struct Evaluation<'a> {
    pub record: &'a dyn Record,
    pub context: &'a Context<'a>,
    pub budget: &'a Budget,
}

impl Evaluation<'_> {
    /// Whether the record is one that `node` asks for.
    pub fn matches(&self, node: &Node) -> Result<bool, TooCostly> {
        match node {
            Node::All(nodes) => Ok(!self.is_any(nodes, false)?),
            Node::Any(nodes) => self.is_any(nodes, true),
            Node::Comparison(comparison) => self.compares(comparison),
        }
    }

    /// Whether the comparison holds, and may be asked.
    pub fn compares(&self, comparison: &Comparison) -> Result<bool, TooCostly> {
        Ok(self.holds(comparison)? && self.may_ask(comparison))
    }

    /// Whether one of `nodes` matches, or does not.
    fn is_any(&self, nodes: &[Node], wanted: bool) -> Result<bool, TooCostly> {
        for node in nodes {
            if self.matches(node)? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn may_ask(&self, comparison: &Comparison) -> bool {
        !is_email_asked(comparison, self.context)
            || self.record.value("emailVisibility") == Value::Bool(true)
    }

    fn holds(&self, comparison: &Comparison) -> Result<bool, TooCostly> {
        if is_each(&comparison.left) || is_each(&comparison.right) {
            return self.holds_of_each(comparison);
        }
        let left = Side::of(&comparison.left, self.record, self.context);
        let right = Side::of(&comparison.right, self.record, self.context);
        self.relates(comparison.operator.relation, left, right)
    }

    /// Of the values of a list all have to compare so, or one if any is asked for.
    fn holds_of_each(&self, comparison: &Comparison) -> Result<bool, TooCostly> {
        let is_any = comparison.operator.any;
        for left in Side::each(&comparison.left, self.record, self.context) {
            for right in Side::each(&comparison.right, self.record, self.context) {
                let holds = self.relates(comparison.operator.relation, left.clone(), right)?;
                if holds == is_any {
                    return Ok(is_any);
                }
            }
        }
        Ok(!is_any)
    }

    fn relates(
        &self,
        relation: Relation,
        left: Side<'_>,
        right: Side<'_>,
    ) -> Result<bool, TooCostly> {
        self.budget
            .spend(COMPARISON + left.bytes() + right.bytes())?;
        Ok(match relation {
            Relation::Equal => equal(left, right),
            // `IS NOT` with the same care for NULL as `=`: exactly its contrary.
            Relation::NotEqual => !equal(left, right),
            Relation::Like => is_like(left, right, self.budget)? == Some(true),
            Relation::NotLike => is_like(left, right, self.budget)? == Some(false),
            Relation::Less => ordered(left, right).is_some_and(Ordering::is_lt),
            Relation::LessOrEqual => ordered(left, right).is_some_and(Ordering::is_le),
            Relation::Greater => ordered(left, right).is_some_and(Ordering::is_gt),
            Relation::GreaterOrEqual => ordered(left, right).is_some_and(Ordering::is_ge),
        })
    }
}

fn is_each(operand: &Operand) -> bool {
    matches!(operand, Operand::Field(path) if path.modifier == Some(Modifier::Each))
}

/// Whether the comparison is about e-mail addresses, of which the one who asks finds the visible ones only.
pub(super) fn is_email_asked(comparison: &Comparison, context: &Context<'_>) -> bool {
    !context.is_superuser && asks_email(comparison)
}

/// Pattern of a comparison of a plain field with a constant that makes one.
pub(super) fn constant_pattern(comparison: &Comparison, context: &Context<'_>) -> Option<String> {
    let is_plain = matches!(&comparison.left, Operand::Field(path) if path.modifier.is_none());
    let is_like = matches!(
        comparison.operator.relation,
        Relation::Like | Relation::NotLike
    );
    match &comparison.right {
        Operand::Field(_) => None,
        _ if !is_plain || !is_like => None,
        constant => pattern_of(Side::of(constant, &NoRecord, context)),
    }
}

/// Record without fields, beside which a constant is what it is beside any other.
struct NoRecord;

impl Record for NoRecord {
    fn value(&self, _: &str) -> Value<'_> {
        Value::Null
    }

    fn rowid(&self) -> u64 {
        0
    }
}

fn asks_email(comparison: &Comparison) -> bool {
    let is_email =
        |operand: &Operand| matches!(operand, Operand::Field(path) if path.name == "email");
    is_email(&comparison.left) || is_email(&comparison.right)
}

/// Operand in the SQL that PocketBase makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The word NULL.
    Null,
    /// A number written into the SQL.
    Literal,
    /// A bound parameter.
    Parameter,
    /// A bound parameter that was a boolean: SQLite has 0 or 1, but a pattern is made of the word.
    Flag,
    /// A column, or an expression of one.
    Column,
}

#[derive(Clone)]
struct Side<'a> {
    value: Datum<'a>,
    affinity: Affinity,
    source: Source,
}

impl<'a> Side<'a> {
    fn new(source: Source, value: Datum<'a>) -> Self {
        Self {
            value,
            affinity: Affinity::None,
            source,
        }
    }

    fn of(operand: &'a Operand, record: &'a dyn Record, context: &Context<'a>) -> Self {
        match operand {
            Operand::Field(path) => Self::column(path, record.value(&path.name)),
            Operand::Auth(path) => match context
                .auth
                .map_or(Value::Null, |auth| auth.value(&path.name))
            {
                Value::Null => Self::new(Source::Null, Datum::Null),
                Value::Bool(flag) if is_parameter(path) => {
                    Self::new(Source::Flag, Datum::Integer(flag.into()))
                }
                value if is_parameter(path) => {
                    Self::new(Source::Parameter, Self::column(path, value).value)
                }
                value => Self::column(path, value),
            },
            Operand::Macro(of_time) => Self::new(Source::Parameter, of_time.at(context.now)),
            Operand::Text(text) => Self::new(Source::Parameter, Datum::Text(text.into())),
            Operand::Number(number) => Self::new(Source::Parameter, Datum::Real(*number)),
            Operand::Bool(value) => Self::new(Source::Literal, Datum::Integer((*value).into())),
            Operand::Null => Self::new(Source::Null, Datum::Null),
        }
    }

    /// A side for each value of the list that `:each` asks for, or one for no value; of all else, one.
    fn each(operand: &'a Operand, record: &'a dyn Record, context: &Context<'a>) -> Vec<Self> {
        let list = match operand {
            Operand::Field(path) if is_each(operand) => record.value(&path.name),
            _ => Value::Null,
        };
        let Value::Choices(json) = list else {
            return vec![Self::of(operand, record, context)];
        };
        let texts: Vec<String> = serde_json::from_str(json).unwrap_or_default();
        if texts.is_empty() {
            return vec![Self::new(Source::Column, Datum::Null)];
        }
        let side = |text: String| Self::new(Source::Column, Datum::Text(text.into()));
        texts.into_iter().map(side).collect()
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
            (Value::Null, _) => (Datum::Null, Affinity::None),
            (Value::Text(text) | Value::Choice(text) | Value::Choices(text), _) => {
                (Datum::Text(text.into()), Affinity::Text)
            }
            (Value::Number(number), _) => (Datum::number(number), Affinity::Numeric),
            (Value::Bool(value), _) => (Datum::Integer(value.into()), Affinity::Numeric),
        };
        if path.modifier != Some(Modifier::Lower) {
            return Self {
                value,
                affinity,
                source: Source::Column,
            };
        }
        let lower = value.into_text().map_or(Datum::Null, |text| {
            Datum::Text(text.to_ascii_lowercase().into())
        });
        Self {
            value: lower,
            affinity: Affinity::None,
            source: Source::Column,
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
            Source::Literal | Source::Flag | Source::Column => false,
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

/// The number of values in the JSON of a list.
fn count(json: &str) -> i64 {
    let values: Vec<IgnoredAny> = serde_json::from_str(json).unwrap_or_default();
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

fn ordered(left: Side<'_>, right: Side<'_>) -> Option<Ordering> {
    compare((left.value, left.affinity), (right.value, right.affinity))
}

/// Nothing, NULL and the empty text are the same.
fn equal(left: Side<'_>, right: Side<'_>) -> bool {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => true,
        (true, false) => right.has_nothing(),
        (false, true) => left.has_nothing(),
        (false, false) if left.source == Source::Column && right.source == Source::Column => {
            // COALESCE(a, '') = COALESCE(b, ''): an expression has no affinity.
            or_empty(left).order(&or_empty(right)).is_eq()
        }
        (false, false) => ordered(left, right).is_some_and(Ordering::is_eq),
    }
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

fn pattern_of(side: Side<'_>) -> Option<String> {
    Some(match (side.source, side.value) {
        // Written by Go, not by SQLite: 1 is "1", not "1.0".
        (Source::Parameter, Datum::Real(number)) => pattern(&number.to_string()),
        (Source::Parameter, value) => pattern(&value.into_text()?),
        (Source::Flag, value) => pattern(if value == Datum::Integer(1) {
            "true"
        } else {
            "false"
        }),
        (_, value) => format!("%{}%", value.into_text()?),
    })
}
