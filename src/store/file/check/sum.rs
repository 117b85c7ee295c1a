//! Sums by which tables of millions of entries are compared.

use std::hash::{BuildHasher, RandomState};

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition};

use crate::store::Error;
use crate::store::user_block::Row;

/// The number of entries, and the sum of their hashes, which does not depend on their order. The hasher has another secret each
/// time, so that nothing can be made to fit.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Sum(u64, u64);

impl Sum {
    pub fn add(&mut self, hasher: &RandomState, key: impl std::hash::Hash, id: &str) {
        *self = self.and(Self(1, hasher.hash_one((key, id))));
    }

    pub fn add_row(&mut self, hasher: &RandomState, number: u64, row: &Row<'_>) {
        self.add(hasher, (number, row), "");
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1.wrapping_add(other.1))
    }

    pub fn of_index(
        txn: &ReadTransaction,
        index: TableDefinition<'static, &'static str, &'static str>,
        hasher: &RandomState,
    ) -> Result<Self, Error> {
        Self::of(txn, index, |key, id, sum| sum.add(hasher, key, id))
    }

    pub fn of<K: Key + 'static>(
        txn: &ReadTransaction,
        index: TableDefinition<'_, K, &'static str>,
        add: impl Fn(K::SelfType<'_>, &str, &mut Self),
    ) -> Result<Self, Error> {
        let mut sum = Self::default();
        for entry in txn.open_table(index)?.iter()? {
            let (key, id) = entry?;
            add(key.value(), id.value(), &mut sum);
        }
        Ok(sum)
    }
}
