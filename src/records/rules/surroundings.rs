//! The records of all collections, for rules that look at others than the one they are asked about.

use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use crate::domain::{Kind, RecordId};
use crate::error::{Error, Result};
use crate::filter::{self, Look, TooCostly};
use crate::records::Records;
use crate::records::filter_record::FilterRecord;
use crate::records::list::IndexLookup;
use crate::records::schema::Schemas;
use crate::store::{Cursor, Order, Record};

/// Records that are read at once.
const PAGE: usize = 64;

/// The stored records, as the changes of a request that are not committed yet leave them.
pub struct SurroundingRecords {
    records: Records,
    schemas: Arc<Schemas>,
    /// Records that the changes made or changed.
    left: Vec<Record>,
    /// Records that the changes touched: these are not as they are stored.
    touched: Vec<(Kind, RecordId)>,
    error: Mutex<Option<Error>>,
}

impl SurroundingRecords {
    /// The records as they are stored.
    pub fn new(records: &Records, schemas: &Arc<Schemas>) -> Self {
        Self {
            records: records.clone(),
            schemas: Arc::clone(schemas),
            left: Vec::new(),
            touched: Vec::new(),
            error: Mutex::default(),
        }
    }

    /// The same with what changes leave: the records that they made or changed, and the ids of all that they touched.
    #[must_use]
    pub fn with(self, left: Vec<Record>, touched: Vec<(Kind, RecordId)>) -> Self {
        Self {
            left,
            touched,
            ..self
        }
    }

    /// The reason why a look at the records failed, if one did.
    pub fn take_error(&self) -> Option<Error> {
        self.error.lock().take()
    }

    /// Shows all stored records of the kind, or the only one that has one of the pinned values.
    fn visit_stored(
        &self,
        kind: Kind,
        pins: &[(&str, &str)],
        look: &mut Look<'_>,
    ) -> Result<bool, TooCostly> {
        match self.read(self.records.lookup_pins(kind, pins))? {
            IndexLookup::Missing => Ok(false),
            IndexLookup::Found(record) => self.show(&[record], look),
            IndexLookup::NotIndexed => self.visit_all(kind, look),
        }
    }

    fn visit_all(&self, kind: Kind, look: &mut Look<'_>) -> Result<bool, TooCostly> {
        let store = &self.records.app.store;
        let mut cursor = Cursor::START;
        loop {
            let page = store.records_after(Order::ById(kind), &cursor, PAGE);
            let page = self.read(page.map(|page| page.map_err(Error::from)))?;
            if self.show(&page, look)? {
                return Ok(true);
            }
            match page.last() {
                Some(last) if page.len() == PAGE => cursor = Cursor::after(last),
                _ => return Ok(false),
            }
        }
    }

    /// Shows those records that the changes did not touch.
    fn show(&self, stored: &[Record], look: &mut Look<'_>) -> Result<bool, TooCostly> {
        let untouched = stored.iter().filter(|record| !self.is_touched(record));
        self.show_all(untouched, look)
    }

    fn show_all<'a>(
        &self,
        records: impl Iterator<Item = &'a Record>,
        look: &mut Look<'_>,
    ) -> Result<bool, TooCostly> {
        for record in records {
            if look(&FilterRecord::new(record, self.schemas.of(record.kind())))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_touched(&self, record: &Record) -> bool {
        let is_it = |(kind, id): &(Kind, RecordId)| *kind == record.kind() && id == record.id();
        self.touched.iter().any(is_it)
    }

    /// The output of a read; whatever fails ends the evaluation. Reads of a file wait for nothing; while a database elsewhere is
    /// waited for, other tasks are worked on by another thread.
    fn read<T>(&self, reading: impl Future<Output = Result<T>>) -> Result<T, TooCostly> {
        let mut reading = pin!(reading);
        let read = reading.as_mut().now_or_never();
        let read = read.unwrap_or_else(|| block_in_place(|| Handle::current().block_on(reading)));
        read.map_err(|error| {
            *self.error.lock() = Some(error);
            TooCostly
        })
    }
}

impl filter::Records for SurroundingRecords {
    fn visit(
        &self,
        collection: &str,
        pins: &[(&str, &str)],
        look: &mut Look<'_>,
    ) -> Result<bool, TooCostly> {
        let named = Kind::ALL.into_iter().find(|kind| kind.name() == collection);
        let Some(kind) = named else {
            return Ok(false);
        };
        let left = self.left.iter().filter(|record| record.kind() == kind);
        if self.show_all(left, look)? {
            return Ok(true);
        }
        self.visit_stored(kind, pins, look)
    }
}
