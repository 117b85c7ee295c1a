//! Records of the store in one of its orders, read page by page.

use std::vec;

use tokio::runtime::Handle;

use crate::store::{Cursor, Error, Order, Record, Store};

/// Records of a page, but of the first one: a list that needs few does not wait for many.
pub const PAGE: usize = 1_000;

/// Iterator over records behind a cursor, for a thread that may block.
pub struct RecordPages<'a> {
    store: &'a Store,
    order: Order,
    cursor: Cursor,
    size: usize,
    page: vec::IntoIter<Record>,
    is_last: bool,
}

impl<'a> RecordPages<'a> {
    /// Records behind `cursor`, the first page of `first` at most.
    pub fn new(store: &'a Store, order: Order, cursor: Cursor, first: usize) -> Self {
        Self {
            store,
            order,
            cursor,
            size: first,
            page: Vec::new().into_iter(),
            is_last: false,
        }
    }

    fn read_page(&mut self) -> Result<(), Error> {
        let read = self
            .store
            .records_after(self.order, &self.cursor, self.size);
        let page = Handle::current().block_on(read)?;
        self.is_last = page.len() < self.size;
        if let Some(last) = page.last() {
            self.cursor = Cursor::after(last);
        }
        self.size = PAGE;
        self.page = page.into_iter();
        Ok(())
    }
}

impl Iterator for RecordPages<'_> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0
            && !self.is_last
            && let Err(error) = self.read_page()
        {
            self.is_last = true;
            return Some(Err(error));
        }
        self.page.next().map(Ok)
    }
}
