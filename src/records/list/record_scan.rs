//! Reading of the records that match a query.

use tokio::runtime::Handle;

use super::error::ListError;
use super::matcher::Matcher;
use super::own_columns::OwnColumns;
use super::pages::{PAGE, RecordPages};
use super::query::ListQuery;
use super::slots::ListSlot;
use crate::app::App;
use crate::domain::RecordId;
use crate::error::Error;
use crate::filter::{BlockFilter, Budget};
use crate::records::filter_record::FilterRecord;
use crate::records::schema::{Schema, Schemas};
use crate::store::{Cursor, Order, Record, Store};

/// Records that are read at first when a filter passes over some.
const FILTERED_FIRST: usize = 50;

/// Scan of the store for the records that match a query, for a thread that may block.
pub struct RecordScan<'a> {
    pub query: &'a ListQuery,
    pub slot: &'a ListSlot,
    app: &'a App,
    schema: &'a Schema,
    matcher: Matcher<'a>,
}

impl<'a> RecordScan<'a> {
    /// Scan for the reader of `query`.
    pub fn new(
        app: &'a App,
        schemas: &'a Schemas,
        query: &'a ListQuery,
        slot: &'a ListSlot,
    ) -> Self {
        Self {
            query,
            slot,
            app,
            schema: schemas.of(query.kind),
            matcher: Matcher::new(&query.access),
        }
    }

    /// Pages of the records behind `cursor`, matching or not.
    pub fn pages(&self, order: Order, cursor: Cursor) -> RecordPages<'_> {
        RecordPages::new(&self.app.store, order, cursor, self.first_page())
    }

    /// Whether the record matches; each record that is looked at is a step of the slot.
    pub fn is_match(&self, record: &Record) -> Result<bool, ListError> {
        self.slot.step()?;
        let budget = Budget::new(Budget::EVALUATION);
        let filter = self.query.filter.as_ref();
        Ok(self.matcher.matches(filter, &self.view(record), &budget)?)
    }

    /// Records that are read at first: those of the page, unless a filter passes over some.
    fn first_page(&self) -> usize {
        match self.query.filter {
            Some(_) => FILTERED_FIRST,
            None => usize::try_from(self.query.paging.per_page).map_or(PAGE, |n| n.clamp(1, PAGE)),
        }
    }

    /// Records with these ids, in this order, but for those that are gone.
    pub fn records(&self, ids: &[RecordId]) -> Result<Vec<Record>, ListError> {
        let records = self.app.store.records_by_ids(self.query.kind, ids);
        Ok(Handle::current().block_on(records)?)
    }

    /// Seed of `@random` in this list.
    pub fn seed(&self) -> Result<u64, ListError> {
        let bytes = self.app.random.bytes().map_err(Error::from)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Store that is read.
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Filter of the query, for blocks of users.
    pub fn block_filter(&self) -> Option<BlockFilter<'_>> {
        let filter = self.query.filter.as_ref()?;
        Some(BlockFilter::new(filter, self.matcher.context()))
    }

    /// Columns of the deployment's own that the query names.
    pub fn own_columns(&self) -> OwnColumns<'_> {
        OwnColumns::of(self.query, self.schema)
    }

    /// Record as the filter and the sort of the query see it.
    pub fn view<'b>(&'b self, record: &'b Record) -> FilterRecord<'b> {
        FilterRecord::new(record, self.schema)
    }
}
