//! The order of a list.

use std::cmp::Ordering;

use crate::filter::{Sort, SortRecord};

/// Order of a query. Records that are equal in it stay in the order of creation; in one by creation alone, newest first, the
/// newest one is first.
pub struct ListOrder {
    sort: Option<Sort>,
    fields: Vec<String>,
    newest_first: bool,
    /// Seed of `@random`.
    seed: u64,
}

impl ListOrder {
    pub fn new(sort: Option<&Sort>, seed: u64) -> Self {
        let fields = sort.into_iter().flat_map(Sort::fields).map(str::to_owned);
        Self {
            sort: sort.cloned(),
            fields: fields.collect(),
            newest_first: sort.and_then(Sort::only) == Some(("created", true)),
            seed,
        }
    }

    /// Order by values; nothing if it is that of creation.
    pub fn sort(&self) -> Option<&Sort> {
        self.sort.as_ref()
    }

    /// Names of the fields whose values are compared.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    pub fn compare(&self, a: &impl SortRecord, b: &impl SortRecord) -> Ordering {
        self.sort
            .as_ref()
            .map_or(Ordering::Equal, |sort| sort.compare(a, b, self.seed))
            .then_with(|| self.compare_created(a, b))
    }

    fn compare_created(&self, a: &impl SortRecord, b: &impl SortRecord) -> Ordering {
        let order = a.rowid().cmp(&b.rowid());
        if self.newest_first {
            order.reverse()
        } else {
            order
        }
    }
}
