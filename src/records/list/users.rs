//! Users that a scan looks at together, column by column.

use std::borrow::Cow;

use crate::domain::{LongColumn, NumberColumn, TextColumn};
use crate::store::ScannedUser;
use crate::store::user_block::{Distinct, Numbers, ROWS, UserRows};

/// Users that a scan looks at together.
#[derive(Clone, Copy)]
pub enum Users<'a> {
    /// Those of the block at a place.
    Block(u64, &'a UserRows<'a>),
    /// These, which are read whole.
    Whole(&'a [ScannedUser<'a>]),
}

impl<'a> Users<'a> {
    /// Number of users.
    pub fn len(&self) -> usize {
        match self {
            Self::Block(_, rows) => rows.len(),
            Self::Whole(users) => users.len(),
        }
    }

    /// Number of the user in that row.
    pub fn number(&self, row: usize) -> u64 {
        match self {
            Self::Block(place, rows) => place * ROWS + rows.slot(row),
            Self::Whole(users) => users.get(row).map_or(0, |user| user.number),
        }
    }

    /// Texts of a column.
    pub fn texts(&self, column: TextColumn) -> Distinct<'a> {
        match self {
            Self::Block(_, rows) => rows.texts(column).distinct(),
            Self::Whole(users) => each(users, |user, text| user.push_text(column, text)),
        }
    }

    /// Texts of a column that only whole users have; empty in a block.
    pub fn long_texts(&self, column: LongColumn) -> Distinct<'a> {
        match self {
            Self::Block(..) => Distinct::Same(""),
            Self::Whole(users) => each(users, |user, text| user.push_long_text(column, text)),
        }
    }

    /// Number of a column in that row.
    pub fn number_in(&self, column: NumberColumn, row: usize) -> i64 {
        match self {
            Self::Block(_, rows) => rows.numbers(column).get(row),
            Self::Whole(users) => users.get(row).map_or(0, |user| user.number_in(column)),
        }
    }

    /// Number of a column that all are known to have.
    pub fn same_number(&self, column: NumberColumn) -> Option<i64> {
        match self {
            Self::Block(_, rows) => match rows.numbers(column) {
                Numbers::Same(number) => Some(*number),
                Numbers::Each { .. } => None,
            },
            Self::Whole(_) => None,
        }
    }

    /// Columns of the deployment's own of the user in that row, as a JSON object; empty: none.
    pub fn own_columns(&self, row: usize) -> &'a str {
        match self {
            Self::Block(..) => "",
            Self::Whole(users) => users.get(row).map_or("", |user| user.columns),
        }
    }
}

fn each<'a>(
    users: &[ScannedUser<'_>],
    push: impl Fn(&ScannedUser<'_>, &mut String),
) -> Distinct<'a> {
    let mut text = String::new();
    let end = |user| {
        push(user, &mut text);
        u32::try_from(text.len()).unwrap_or(u32::MAX)
    };
    let ends = users.iter().map(end).collect();
    Distinct::Each {
        ends,
        text: Cow::Owned(text),
    }
}
