//! A column of numbers.

use serde::{Deserialize, Serialize};

/// Numbers of the rows of a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Numbers {
    /// All the same.
    Same(i64),
    /// The smallest, and by how much each is more.
    Each {
        /// The smallest.
        least: i64,
        /// Difference of each to the smallest.
        more: Vec<u64>,
    },
}

impl Numbers {
    /// Column of these numbers.
    pub(super) fn of(numbers: &[i64]) -> Self {
        let least = numbers.iter().copied().min().unwrap_or_default();
        if numbers.iter().all(|number| *number == least) {
            return Self::Same(least);
        }
        let more = numbers.iter().map(|number| number.abs_diff(least));
        Self::Each {
            least,
            more: more.collect(),
        }
    }

    /// The number in that row.
    #[must_use]
    pub fn get(&self, row: usize) -> i64 {
        match self {
            Self::Same(number) => *number,
            Self::Each { least, more } => {
                least.wrapping_add_unsigned(more.get(row).copied().unwrap_or_default())
            }
        }
    }

    /// Whether there is a number for each of so many rows.
    pub(super) fn is_of(&self, rows: usize) -> bool {
        match self {
            Self::Same(_) => true,
            Self::Each { more, .. } => more.len() == rows,
        }
    }
}
