//! Evaluation of filters over records.

use jiff::Timestamp;

use crate::filter::{self, Budget, Filter, TooCostly};
use crate::records::filter_record::FilterRecord;
use crate::records::schema::Schemas;
use crate::store::Record;

/// Evaluation of filters for one reader at one time, which `@now` and `@request.auth` in a filter stand for.
pub struct Matcher<'a> {
    reader: Option<FilterRecord<'a>>,
    now: Timestamp,
    is_superuser: bool,
}

impl<'a> Matcher<'a> {
    /// Evaluation for the user or the superuser of `reader`; for the operator without one.
    pub fn new(reader: Option<&'a Record>, schemas: &'a Schemas, now: Timestamp) -> Self {
        Self {
            reader: reader.map(|record| FilterRecord::new(record, schemas.of(record.kind()))),
            now,
            is_superuser: !matches!(reader, Some(Record::User(_))),
        }
    }

    /// Whether `record` matches `filter`; every record matches no filter.
    pub fn matches(
        &self,
        filter: Option<&Filter>,
        record: &FilterRecord<'_>,
        budget: &Budget,
    ) -> Result<bool, TooCostly> {
        filter.map_or(Ok(true), |filter| {
            filter.matches(record, &self.context(), budget)
        })
    }

    fn context(&self) -> filter::Context<'_> {
        filter::Context {
            auth: self
                .reader
                .as_ref()
                .map(|record| record as &dyn filter::Record),
            is_superuser: self.is_superuser,
            ..filter::Context::new(self.now)
        }
    }
}
