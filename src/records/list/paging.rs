//! Pages of a list.

use crate::store::Record;

/// Page of a list that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    /// Number of the page; the first is 1.
    pub page: u64,
    /// Number of items on a full page.
    pub per_page: u64,
    /// Whether the number of all items is not asked for.
    pub skip_total: bool,
}

impl Paging {
    /// Number of items on the pages before this one.
    pub fn offset(&self) -> u64 {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// Number of items on the pages up to this one, if all are full.
    pub fn end(&self) -> u64 {
        self.offset().saturating_add(self.per_page)
    }

    /// Whether the item at `index`, counted from 0 over all pages, is on this page.
    pub fn contains(&self, index: u64) -> bool {
        (self.offset()..self.end()).contains(&index)
    }

    /// Items of `all` that are on this page.
    pub fn select<T>(&self, all: Vec<T>) -> Vec<T> {
        (0..)
            .zip(all)
            .filter_map(|(index, item)| self.contains(index).then_some(item))
            .collect()
    }
}

/// Records of a page, and the number of records on all pages.
#[derive(Debug, Default)]
pub struct ListPage {
    pub records: Vec<Record>,
    pub total: u64,
}

impl ListPage {
    /// Page of a list of one record at most.
    pub fn single(record: Option<Record>, paging: &Paging) -> Self {
        let all = Vec::from_iter(record);
        Self {
            total: all.len() as u64,
            records: paging.select(all),
        }
    }
}
