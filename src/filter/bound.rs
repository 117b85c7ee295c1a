//! The rows that were chosen for joins.

use std::sync::Arc;

use super::join::Join;
use super::record::Record;
use super::sqlite::Datum;

/// Row of a join.
#[derive(Clone, Copy)]
pub(super) enum Row<'a> {
    /// Of NULLs, since there is no other.
    Nothing,
    Record(&'a dyn Record),
    Item(&'a Datum<'a>),
}

/// Rows that were chosen, the newest first.
#[derive(Clone, Copy)]
pub(super) struct Bound<'a> {
    pub join: &'a Join,
    pub row: Row<'a>,
    pub outer: Option<&'a Bound<'a>>,
}

/// The row that was chosen for `join`, if one was.
pub(super) fn chosen<'a>(join: &Join, bound: Option<&'a Bound<'a>>) -> Option<Row<'a>> {
    let mut at = bound;
    while let Some(bound) = at {
        if bound.join.alias == join.alias {
            return Some(bound.row);
        }
        at = bound.outer;
    }
    None
}

/// The joins of `join` that were not chosen, those that come first before those that follow them.
pub(super) fn unchosen<'t>(
    join: &'t Arc<Join>,
    bound: Option<&Bound<'_>>,
    found: &mut Vec<&'t Join>,
) {
    if chosen(join, bound).is_some() || found.iter().any(|known| known.alias == join.alias) {
        return;
    }
    if let Some(before) = join.before() {
        unchosen(before, bound, found);
    }
    found.push(join);
}
