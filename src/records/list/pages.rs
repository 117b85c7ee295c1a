//! Pages of the store's records, in one of its orders.

use tokio::runtime::Handle;

use crate::store::{Cursor, Error, Order, Record, Store};

/// Records of a page, but of the first one: a list that needs few does not wait for many. So many stay in a core's cache.
pub const PAGE: usize = 200;

/// Iterator over the pages behind a cursor, for a thread that may block.
pub struct RecordPages<'a> {
    store: &'a Store,
    order: Order,
    cursor: Cursor,
    size: usize,
    is_last: bool,
}

impl<'a> RecordPages<'a> {
    /// Pages behind `cursor`, the first one of `first` records at most.
    pub fn new(store: &'a Store, order: Order, cursor: Cursor, first: usize) -> Self {
        Self {
            store,
            order,
            cursor,
            size: first,
            is_last: false,
        }
    }

    fn read_page(&mut self) -> Result<Vec<Record>, Error> {
        let read = self
            .store
            .records_after(self.order, &self.cursor, self.size);
        let page = Handle::current().block_on(read)?;
        self.is_last = page.len() < self.size;
        if let Some(last) = page.last() {
            self.cursor = Cursor::after(last);
        }
        self.size = PAGE;
        Ok(page)
    }
}

impl Iterator for RecordPages<'_> {
    type Item = Result<Vec<Record>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_last {
            return None;
        }
        let page = self.read_page();
        self.is_last |= page.is_err();
        Some(page)
    }
}
