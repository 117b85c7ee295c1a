//! Users in blocks, column by column: what lists look at of very many users, in few bytes of each.
//!
//! A block has the users of [`ROWS`] consecutive numbers, without their pictures, conversations, secrets, and the columns that
//! are the deployment's own. docs/decisions/0017-lists.md says why.

mod numbers;
mod row;
mod texts;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use self::numbers::Numbers;
pub use self::row::{ROWS, Row};
pub use self::texts::{Distinct, Texts};
use super::Error;
use crate::domain::{NumberColumn, TextColumn, User, UserNumber};

/// A block as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserBlock {
    /// Place among the blocks; the number of its first user is this, times [`ROWS`].
    pub place: u64,
    /// Bytes of its [`UserRows`].
    pub bytes: Vec<u8>,
}

/// The users of a block in the order of their numbers, column by column. The order of the columns is the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRows<'a> {
    /// Number of each user, less that of the block's first.
    #[serde(borrow)]
    slots: Cow<'a, [u8]>,
    #[serde(borrow)]
    texts: [Texts<'a>; TextColumn::COUNT],
    numbers: [Numbers; NumberColumn::COUNT],
}

impl UserBlock {
    /// Place of the block that has this user.
    #[must_use]
    pub fn place_of(number: UserNumber) -> u64 {
        number.0 / ROWS
    }

    /// Block of one user.
    ///
    /// # Errors
    /// [`Error::Failed`] never, with what a user can have.
    pub fn of(user: &User) -> Result<Self, Error> {
        Self::from_rows(Self::place_of(user.number), &[Row::of(user)])
    }

    /// The same block with `user` in it, in place of whoever had the number.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the bytes are none of a block.
    pub fn with(&self, user: &User) -> Result<Self, Error> {
        let parsed = self.rows()?;
        let texts = parsed.distinct_texts();
        let mut rows = parsed.to_rows(&texts);
        let row = Row::of(user);
        match rows.binary_search_by_key(&row.slot, |row| row.slot) {
            Ok(at) => rows[at] = row,
            Err(at) => rows.insert(at, row),
        }
        Self::from_rows(self.place, &rows)
    }

    /// The same block without the user of that number; nothing when no user is left.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the bytes are none of a block.
    pub fn without(&self, number: UserNumber) -> Result<Option<Self>, Error> {
        let parsed = self.rows()?;
        let texts = parsed.distinct_texts();
        let mut rows = parsed.to_rows(&texts);
        rows.retain(|row| row.slot != row::slot(number));
        match rows.as_slice() {
            [] => Ok(None),
            rows => Self::from_rows(self.place, rows).map(Some),
        }
    }

    /// The users of the block.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the bytes are none of a block.
    pub fn rows(&self) -> Result<UserRows<'_>, Error> {
        let parsed = postcard::take_from_bytes::<UserRows<'_>>(&self.bytes).ok();
        let whole = parsed.filter(|(rows, rest)| rest.is_empty() && rows.is_consistent());
        let (rows, _) = whole.ok_or_else(|| self.damaged())?;
        Ok(rows)
    }

    /// Shows the rows of all users.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the bytes are none of a block.
    pub fn each_row(&self, visit: impl FnMut(Row<'_>)) -> Result<(), Error> {
        let parsed = self.rows()?;
        let texts = parsed.distinct_texts();
        parsed.to_rows(&texts).into_iter().for_each(visit);
        Ok(())
    }

    pub(super) fn from_rows(place: u64, rows: &[Row<'_>]) -> Result<Self, Error> {
        let bytes = postcard::to_allocvec(&UserRows::of(rows))
            .map_err(|e| Error::Failed(format!("encoding: {e}")))?;
        Ok(Self { place, bytes })
    }

    fn damaged(&self) -> Error {
        Error::Damaged(format!("block {} of the users' lists", self.place))
    }
}

impl<'a> UserRows<'a> {
    fn of(rows: &[Row<'a>]) -> Self {
        Self {
            slots: rows.iter().map(|row| row.slot).collect(),
            texts: std::array::from_fn(|column| {
                Texts::of(&rows.iter().map(|row| row.texts[column]).collect::<Vec<_>>())
            }),
            numbers: std::array::from_fn(|column| {
                Numbers::of(
                    &rows
                        .iter()
                        .map(|row| row.numbers[column])
                        .collect::<Vec<_>>(),
                )
            }),
        }
    }

    /// Number of users.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Number of the user in that row, less that of the block's first.
    #[must_use]
    pub fn slot(&self, row: usize) -> u64 {
        self.slots.get(row).copied().map_or(0, u64::from)
    }

    /// A column of texts.
    #[must_use]
    pub fn texts(&self, column: TextColumn) -> &Texts<'a> {
        &self.texts[column as usize]
    }

    /// A column of numbers.
    #[must_use]
    pub fn numbers(&self, column: NumberColumn) -> &Numbers {
        &self.numbers[column as usize]
    }

    /// Whether each column has a value for each row.
    fn is_consistent(&self) -> bool {
        let rows = self.len();
        let is_full = |texts: &Texts<'_>| texts.is_of(rows);
        self.texts.iter().all(is_full) && self.numbers.iter().all(|numbers| numbers.is_of(rows))
    }

    fn distinct_texts(&self) -> [Distinct<'_>; TextColumn::COUNT] {
        self.texts.each_ref().map(Texts::distinct)
    }

    fn to_rows<'b>(&self, texts: &'b [Distinct<'_>; TextColumn::COUNT]) -> Vec<Row<'b>> {
        let rows = self.slots.iter().enumerate();
        rows.map(|(row, slot)| Row {
            slot: *slot,
            texts: texts.each_ref().map(|texts| texts.get(row)),
            numbers: self.numbers.each_ref().map(|numbers| numbers.get(row)),
        })
        .collect()
    }
}
