//! Whether a record is what a filter asks for.
//!
//! SQL knows a third truth value, NULL. The language has no negation of a whole comparison, so NULL is the same as false here.

use super::bound::{Bound, Row, chosen};
use super::budget::{Budget, TooCostly};
use super::context::Context;
use super::join::{Parent, Table};
use super::record::{Record, Value};
use super::side::{Side, Source, relates};
use super::sqlite::Datum;
use super::syntax::{Modifier, Relation};
use super::tree::{Changed, Comparison, Joined, Node, Operand};

/// A look at one record.
pub(super) struct Evaluation<'a> {
    pub record: &'a dyn Record,
    pub context: &'a Context<'a>,
    pub budget: &'a Budget,
}

impl Evaluation<'_> {
    /// Whether the record is one that `node` asks for, with these rows joined.
    pub fn matches(&self, node: &Node, bound: Option<&Bound<'_>>) -> Result<bool, TooCostly> {
        match node {
            Node::All(nodes) => Ok(!self.is_any(nodes, bound, false)?),
            Node::Any(nodes) => self.is_any(nodes, bound, true),
            Node::Comparison(comparison) => {
                Ok(self.holds(comparison, bound)? && self.holds_of_all(comparison, bound)?)
            }
        }
    }

    /// Whether one of `nodes` matches, or does not.
    fn is_any(
        &self,
        nodes: &[Node],
        bound: Option<&Bound<'_>>,
        wanted: bool,
    ) -> Result<bool, TooCostly> {
        for node in nodes {
            if self.matches(node, bound)? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn may_ask(&self, comparison: &Comparison) -> bool {
        !is_email_asked(comparison, self.context)
            || self.record.value("emailVisibility") == Value::Bool(true)
    }

    /// Whether the comparison holds for these rows.
    pub fn holds(
        &self,
        comparison: &Comparison,
        bound: Option<&Bound<'_>>,
    ) -> Result<bool, TooCostly> {
        // First, so that the cost tells nothing of what may not be asked for.
        if !self.may_ask(comparison) {
            return Ok(false);
        }
        if is_each(&comparison.left) || is_each(&comparison.right) {
            return self.holds_of_each(comparison, bound);
        }
        let left = self.side(&comparison.left, bound)?;
        let right = self.side(&comparison.right, bound)?;
        Ok(self.relates(comparison, left, right)? == Some(true))
    }

    /// Whether the comparison holds for all rows that could have been joined in place of the ones that were.
    pub fn holds_of_all(
        &self,
        comparison: &Comparison,
        bound: Option<&Bound<'_>>,
    ) -> Result<bool, TooCostly> {
        if comparison.operator.any {
            return Ok(true);
        }
        let refuted = match (self.many(&comparison.left), self.many(&comparison.right)) {
            (None, None) => false,
            (Some(left), None) => {
                let right = self.side(&comparison.right, bound)?;
                self.chain(&left.join, &mut |rows| {
                    let left = self.joined(left, Some(rows)).in_subquery();
                    Ok(self.relates(comparison, left, right.clone())? == Some(false))
                })?
            }
            (None, Some(right)) => {
                let left = self.side(&comparison.left, bound)?;
                self.chain(&right.join, &mut |rows| {
                    let right = self.joined(right, Some(rows)).in_subquery();
                    Ok(self.relates(comparison, left.clone(), right)? == Some(false))
                })?
            }
            (Some(left), Some(right)) => self.chain(&left.join, &mut |rows| {
                let left = self.joined(left, Some(rows)).in_subquery();
                self.chain(&right.join, &mut |rows| {
                    let right = self.joined(right, Some(rows)).in_subquery();
                    Ok(self.relates(comparison, left.clone(), right)? == Some(false))
                })
            })?,
        };
        Ok(!refuted)
    }

    /// Of the values of a list all have to compare so, or one if any is asked for.
    fn holds_of_each(
        &self,
        comparison: &Comparison,
        bound: Option<&Bound<'_>>,
    ) -> Result<bool, TooCostly> {
        let is_any = comparison.operator.any;
        for left in self.each(&comparison.left, bound)? {
            for right in self.each(&comparison.right, bound)? {
                let holds = self.relates(comparison, left.clone(), right)? == Some(true);
                if holds == is_any {
                    return Ok(is_any);
                }
            }
        }
        Ok(!is_any)
    }

    fn relates(
        &self,
        comparison: &Comparison,
        left: Side<'_>,
        right: Side<'_>,
    ) -> Result<Option<bool>, TooCostly> {
        relates(comparison.operator.relation, left, right, self.budget)
    }

    /// Value of an operand, with these rows joined.
    pub fn side<'s>(
        &'s self,
        operand: &'s Operand,
        bound: Option<&'s Bound<'s>>,
    ) -> Result<Side<'s>, TooCostly> {
        Ok(match operand {
            Operand::Field(path) => Side::of_record(path, self.record),
            Operand::Auth(path) => Side::of_auth(path, self.context.auth),
            Operand::Request(value) => value.side(&self.context.request),
            Operand::Changed(changed) => Side::flag(Source::Exact, self.is_changed(changed)?),
            Operand::Joined(column) => self.joined(column, bound),
            Operand::Constant(constant) => constant.clone(),
            Operand::Macro(of_time) => Side::new(Source::Parameter, of_time.at(self.context.now)),
            Operand::Text(text) => Side::new(Source::Parameter, Datum::Text(text.into())),
            Operand::Number(number) => Side::new(Source::Parameter, Datum::Real(*number)),
            Operand::Bool(value) => Side::flag(Source::Literal, *value),
            Operand::Null => Side::NULL,
        })
    }

    fn is_changed(&self, changed: &Changed) -> Result<bool, TooCostly> {
        if self.side(&changed.is_set, None)?.value != Datum::Integer(1) {
            return Ok(false);
        }
        let value = self.side(&changed.value, None)?;
        let field = self.side(&changed.field, None)?;
        Ok(relates(Relation::NotEqual, value, field, self.budget)? == Some(true))
    }

    /// A side for each value of the list that `:each` asks for, or one for no value; of all else, one.
    fn each<'s>(
        &'s self,
        operand: &'s Operand,
        bound: Option<&'s Bound<'s>>,
    ) -> Result<Vec<Side<'s>>, TooCostly> {
        let list = match operand {
            Operand::Field(path) if is_each(operand) => self.record.value(&path.name),
            _ => Value::Null,
        };
        let Value::Choices(json) = list else {
            return Ok(vec![self.side(operand, bound)?]);
        };
        let texts: Vec<String> = serde_json::from_str(json).unwrap_or_default();
        if texts.is_empty() {
            return Ok(vec![Side::new(Source::Column, Datum::Null)]);
        }
        let side = |text: String| Side::new(Source::Column, Datum::Text(text.into()));
        Ok(texts.into_iter().map(side).collect())
    }

    /// Column of the row that was chosen; nobody's is the word NULL.
    fn joined<'s>(&self, column: &'s Joined, bound: Option<&'s Bound<'s>>) -> Side<'s> {
        if self.is_nobodys(column) {
            return Side::NULL;
        }
        match (chosen(&column.join, bound), &column.path) {
            (Some(Row::Record(record)), Some(path)) => Side::of_record(path, record),
            (Some(Row::Item(item)), None) => Side::new(source_of(&column.join.table), item.clone()),
            (_, Some(path)) if path.modifier == Some(Modifier::Length) => {
                Side::new(Source::Column, Datum::Integer(0))
            }
            _ => Side::new(source_of(&column.join.table), Datum::Null),
        }
    }

    /// Whether there is no record that leads to the column: nobody asks, or the body names none.
    fn is_nobodys(&self, column: &Joined) -> bool {
        let first = column.join.first();
        match (&first.table, first.parent()) {
            (Table::BodyRelation { field, .. }, _) => self.body_ids(field).is_empty(),
            (Table::Ids { ids, .. }, _) => ids.is_empty(),
            (_, Some(Parent::Auth)) => self.context.auth.is_none(),
            _ => false,
        }
    }

    fn many<'s>(&self, operand: &'s Operand) -> Option<&'s Joined> {
        match operand {
            Operand::Joined(joined) if joined.is_many && !self.is_nobodys(joined) => Some(joined),
            _ => None,
        }
    }
}

/// Source of a column: PocketBase takes the items of a body for a parameter that is something.
fn source_of(table: &Table) -> Source {
    match table {
        Table::BodyItems { .. } | Table::Constants(_) => Source::Literal,
        _ => Source::Column,
    }
}

fn is_each(operand: &Operand) -> bool {
    matches!(operand, Operand::Field(path) if path.modifier == Some(Modifier::Each))
}

/// Whether the comparison is about e-mail addresses, of which the one who asks finds the visible ones only.
pub(super) fn is_email_asked(comparison: &Comparison, context: &Context<'_>) -> bool {
    !context.is_superuser && !comparison.of_rule && asks_email(comparison)
}

fn asks_email(comparison: &Comparison) -> bool {
    let is_email =
        |operand: &Operand| matches!(operand, Operand::Field(path) if path.name == "email");
    is_email(&comparison.left) || is_email(&comparison.right)
}
