//! The query parameters `filter` and `sort`.

use jiff::Timestamp;

use crate::filter::{self, Budget, Filter, SUPERUSER_ONLY, Sort, TooCostly};
use crate::pocketbase::error::Refused;
use crate::records::filter_record::FilterRecord;
use crate::records::schema::Schema;

/// A filter and a sort that were understood; no filter holds for every record.
pub struct Condition {
    pub filter: Option<Filter>,
    pub sort: Option<Sort>,
}

/// Who asks, and when.
pub struct Asker<'a> {
    pub now: Timestamp,
    pub row: Option<FilterRecord<'a>>,
    pub is_superuser: bool,
}

impl Condition {
    /// Reads both.
    ///
    /// # Errors
    /// [`Refused`] as PocketBase refuses.
    pub fn parse(
        filter: &str,
        sort: &str,
        schema: &Schema,
        is_superuser: bool,
    ) -> Result<Self, Refused> {
        for (word, refused) in SUPERUSER_ONLY
            .into_iter()
            .zip([Refused::COLLECTION_FILTER, Refused::REQUEST_FILTER])
        {
            if !is_superuser && (filter.contains(word) || sort.contains(word)) {
                return Err(refused);
            }
        }
        let is_field = |name: &str| schema.shows(name);
        let parse_filter = || {
            let filter = Filter::parse(filter)?;
            filter.check(is_field).map(|()| filter)
        };
        let parse_sort = || {
            let sort = Sort::parse(sort)?;
            sort.check(is_field).map(|()| sort)
        };
        let bad = |_| Refused::BAD_REQUEST;
        Ok(Self {
            filter: (!filter.is_empty())
                .then(parse_filter)
                .transpose()
                .map_err(bad)?,
            sort: (!sort.is_empty())
                .then(parse_sort)
                .transpose()
                .map_err(bad)?,
        })
    }

    /// Whether the filter holds for `row`.
    ///
    /// # Errors
    /// [`TooCostly`] when `budget` does not reach.
    pub fn holds(
        &self,
        row: &FilterRecord<'_>,
        asker: &Asker<'_>,
        budget: &Budget,
    ) -> Result<bool, TooCostly> {
        let auth = asker.row.as_ref().map(|row| row as &dyn filter::Record);
        let context = filter::Context {
            now: asker.now,
            auth,
            is_superuser: asker.is_superuser,
        };
        self.filter
            .as_ref()
            .map_or(Ok(true), |filter| filter.matches(row, &context, budget))
    }
}
