//! Evaluation of filters over records.

use crate::filter::{self, Budget, Filter, TooCostly};
use crate::records::access::Access;
use crate::records::filter_record::FilterRecord;
use crate::records::rules::SurroundingRecords;

/// Evaluation of filters for one reader at one time, which `@now` and `@request.auth` in a filter stand for.
pub struct Matcher<'a> {
    access: &'a Access,
    reader: Option<FilterRecord<'a>>,
    surroundings: SurroundingRecords,
}

impl<'a> Matcher<'a> {
    /// Evaluation for the reader of `access`.
    pub fn new(access: &'a Access) -> Self {
        let auth = access.auth();
        Self {
            access,
            reader: auth.map(|own| FilterRecord::new(own, access.schemas().of(own.kind()))),
            surroundings: access.surroundings(),
        }
    }

    /// Whether `record` matches `filter`; every record matches no filter.
    pub fn matches(
        &self,
        filter: Option<&Filter>,
        record: &FilterRecord<'_>,
        budget: &Budget,
    ) -> Result<bool, TooCostly> {
        let Some(filter) = filter else {
            return Ok(true);
        };
        let matched = filter.matches(record, &self.context(), budget);
        if let Some(error) = self.surroundings.take_error() {
            tracing::error!(%error, "the records that a list rule looks at cannot be read");
        }
        matched
    }

    /// Context that a filter may ask for beside the record.
    pub fn context(&self) -> filter::Context<'_> {
        filter::Context {
            auth: self
                .reader
                .as_ref()
                .map(|record| record as &dyn filter::Record),
            is_superuser: self.access.is_superuser(),
            records: Some(&self.surroundings),
            ..filter::Context::new(self.access.now())
        }
    }
}
