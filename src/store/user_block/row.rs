//! A user as a row of a block.

use crate::domain::{NumberColumn, TextColumn, User, UserNumber};

/// Most users of a block.
pub const ROWS: u64 = 16;

/// A user as a row of a block.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Row<'a> {
    /// Number of the user, less that of the block's first.
    pub slot: u8,
    /// Texts, by their columns.
    pub texts: [&'a str; TextColumn::COUNT],
    /// Numbers, by their columns.
    pub numbers: [i64; NumberColumn::COUNT],
}

impl<'a> Row<'a> {
    /// Number of a user, less that of the first of the block.
    #[must_use]
    pub fn slot_of(number: UserNumber) -> u8 {
        slot(number)
    }

    /// The row of a user.
    #[must_use]
    pub fn of(user: &'a User) -> Self {
        Self {
            slot: slot(user.number),
            texts: user.text_columns(),
            numbers: user.number_columns(),
        }
    }
}

/// Place of a user's row in the block.
pub fn slot(number: UserNumber) -> u8 {
    (number.0 % ROWS) as u8
}
