//! The rows of joins.

use super::bound::{Bound, Row, chosen};
use super::budget::TooCostly;
use super::eval::Evaluation;
use super::join::{Join, Link, Parent, Table};
use super::record::{Record, Value};
use super::request::{item, items};
use super::sqlite::Datum;

/// The steps of a look at a record that is joined.
const ROW: usize = 128;

/// Callback that looks at a row, and tells whether it has seen enough.
pub(super) type LookAtRow<'a> = dyn FnMut(Row<'_>) -> Result<bool, TooCostly> + 'a;

/// Callback that looks at a row with those to which it is joined.
pub(super) type LookAtChain<'a> = dyn FnMut(&Bound<'_>) -> Result<bool, TooCostly> + 'a;

impl Evaluation<'_> {
    /// Shows `look` the rows of `join` until it has seen enough, and tells whether it has; at least the ones that have the
    /// values of `pins`.
    pub fn rows(
        &self,
        join: &Join,
        bound: Option<&Bound<'_>>,
        pins: &[(&str, &str)],
        look: &mut LookAtRow<'_>,
    ) -> Result<bool, TooCostly> {
        let mut is_empty = true;
        let enough = self.real_rows(join, bound, pins, &mut |row| {
            is_empty = false;
            look(row)
        })?;
        if is_empty {
            return look(Row::Nothing);
        }
        Ok(enough)
    }

    fn real_rows(
        &self,
        join: &Join,
        bound: Option<&Bound<'_>>,
        pins: &[(&str, &str)],
        look: &mut LookAtRow<'_>,
    ) -> Result<bool, TooCostly> {
        match &join.table {
            Table::Collection(collection) => self.records(collection, pins, look),
            Table::Relation { id, collection } => match self.text(id, bound) {
                Some(id) => self.record_of(collection, &id, look),
                None => Ok(false),
            },
            Table::Items { list } => self.items_of(list, bound, look),
            Table::Back {
                parent,
                collection,
                field,
            } => match self.row(parent, bound) {
                Row::Record(parent) => self.records_back(parent, collection, field, look),
                Row::Nothing | Row::Item(_) => Ok(false),
            },
            Table::BodyItems { field } => self.constants(&self.body_items(field), look),
            Table::BodyRelation { field, collection } => {
                self.records_of(collection, &self.body_ids(field), look)
            }
            Table::Constants(items) => self.constants(items, look),
            Table::Ids { ids, collection } => self.records_of(collection, ids, look),
        }
    }

    /// Shows the rows of `join` for all rows to which it can be joined.
    pub fn chain(&self, join: &Join, look: &mut LookAtChain<'_>) -> Result<bool, TooCostly> {
        match join.before() {
            Some(before) => self.chain(before, &mut |outer| {
                self.rows_after(join, Some(outer), look)
            }),
            None => self.rows_after(join, None, look),
        }
    }

    fn rows_after(
        &self,
        join: &Join,
        outer: Option<&Bound<'_>>,
        look: &mut LookAtChain<'_>,
    ) -> Result<bool, TooCostly> {
        self.rows(join, outer, &[], &mut |row| {
            look(&Bound { join, row, outer })
        })
    }

    /// Row that a join was joined to.
    fn row<'s>(&'s self, parent: &Parent, bound: Option<&'s Bound<'s>>) -> Row<'s> {
        match parent {
            Parent::Record => Row::Record(self.record),
            Parent::Auth => self.context.auth.map_or(Row::Nothing, Row::Record),
            Parent::Joined(join) => chosen(join, bound).unwrap_or(Row::Nothing),
        }
    }

    fn text(&self, link: &Link, bound: Option<&Bound<'_>>) -> Option<String> {
        let text = match (self.row(&link.parent, bound), &link.field) {
            (Row::Record(record), Some(field)) => match record.value(field) {
                Value::Text(text) | Value::Choice(text) => text.to_owned(),
                _ => return None,
            },
            (Row::Item(Datum::Text(text)), None) => text.to_string(),
            _ => return None,
        };
        Some(text).filter(|text| !text.is_empty())
    }

    fn items_of(
        &self,
        list: &Link,
        bound: Option<&Bound<'_>>,
        look: &mut LookAtRow<'_>,
    ) -> Result<bool, TooCostly> {
        let (Row::Record(record), Some(field)) = (self.row(&list.parent, bound), &list.field)
        else {
            return look(Row::Item(&Datum::Null));
        };
        match record.value(field) {
            Value::Choices(json) => {
                self.budget.spend(json.len())?;
                self.constants(&texts(json), look)
            }
            Value::Text(text) | Value::Choice(text) => look(Row::Item(&Datum::Text(text.into()))),
            Value::Number(number) => look(Row::Item(&Datum::number(number))),
            Value::Bool(flag) => look(Row::Item(&Datum::Integer(flag.into()))),
            Value::Null => look(Row::Item(&Datum::Null)),
        }
    }

    fn constants(&self, items: &[Datum<'_>], look: &mut LookAtRow<'_>) -> Result<bool, TooCostly> {
        for item in items {
            self.budget.spend(1)?;
            if look(Row::Item(item))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Items of a field of the body.
    pub fn body_items(&self, field: &str) -> Vec<Datum<'static>> {
        let value = self.context.request.body.and_then(|body| body.get(field));
        value.map(items).into_iter().flatten().map(item).collect()
    }

    /// The different ids in a field of the body.
    pub fn body_ids(&self, field: &str) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for item in self.body_items(field) {
            match item.into_text() {
                Some(id) if !id.is_empty() && !ids.iter().any(|known| **known == *id) => {
                    ids.push(id.into_owned());
                }
                _ => {}
            }
        }
        ids
    }

    fn records_of(
        &self,
        collection: &str,
        ids: &[String],
        look: &mut LookAtRow<'_>,
    ) -> Result<bool, TooCostly> {
        for id in ids {
            if self.record_of(collection, id, look)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn record_of(
        &self,
        collection: &str,
        id: &str,
        look: &mut LookAtRow<'_>,
    ) -> Result<bool, TooCostly> {
        self.records(collection, &[("id", id)], &mut |row| match row {
            Row::Record(record) if record.value("id") == Value::Text(id) => look(row),
            _ => Ok(false),
        })
    }

    fn records_back(
        &self,
        parent: &dyn Record,
        collection: &str,
        field: &str,
        look: &mut LookAtRow<'_>,
    ) -> Result<bool, TooCostly> {
        let Value::Text(id) = parent.value("id") else {
            return Ok(false);
        };
        self.records(collection, &[(field, id)], &mut |row| match row {
            Row::Record(record) if names(record.value(field), id) => look(row),
            _ => Ok(false),
        })
    }

    fn records(
        &self,
        collection: &str,
        pins: &[(&str, &str)],
        look: &mut LookAtRow<'_>,
    ) -> Result<bool, TooCostly> {
        let records = self.context.records.ok_or(TooCostly)?;
        self.budget.spend(ROW)?;
        records.visit(collection, pins, &mut |record| {
            self.budget.spend(ROW)?;
            look(Row::Record(record))
        })
    }
}

/// Whether a relation names this id.
fn names(value: Value<'_>, id: &str) -> bool {
    match value {
        Value::Text(text) | Value::Choice(text) => text == id,
        Value::Choices(json) => texts(json).contains(&Datum::Text(id.into())),
        _ => false,
    }
}

fn texts(json: &str) -> Vec<Datum<'static>> {
    let texts: Vec<String> = serde_json::from_str(json).unwrap_or_default();
    texts
        .into_iter()
        .map(|text| Datum::Text(text.into()))
        .collect()
}
