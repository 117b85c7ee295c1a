//! Records that match a filter, of those that somebody has read.

use std::sync::Arc;

use super::error::ListError;
use super::matcher::Matcher;
use super::query::parse_filter;
use crate::domain::{Actor, Kind};
use crate::filter::Filter;
use crate::records::Records;
use crate::records::access::Access;
use crate::records::filter_record::FilterRecord;
use crate::records::schema::Schemas;
use crate::store::Record;

/// A filter over the records of a kind, for the operator.
#[derive(Clone)]
pub struct Selection {
    kind: Kind,
    filter: Option<Arc<Filter>>,
}

impl Selection {
    /// Reads a filter, which may be empty: then all match.
    ///
    /// # Errors
    /// [`ListError::FilterInvalid`].
    pub fn parse(kind: Kind, filter: &str, schemas: &Schemas) -> Result<Self, ListError> {
        let filter = parse_filter(filter, schemas.of(kind), true)?.map(Arc::new);
        Ok(Self { kind, filter })
    }
}

impl Records {
    /// Those of `records` that match.
    pub async fn matching(
        &self,
        selection: &Selection,
        records: Vec<Record>,
    ) -> Result<Vec<Record>, ListError> {
        let Some(filter) = selection.filter.clone() else {
            return Ok(records);
        };
        let mut matching = Vec::with_capacity(records.len());
        for record in records {
            matching.extend(self.if_matching(selection.kind, &filter, record).await?);
        }
        Ok(matching)
    }

    async fn if_matching(
        &self,
        kind: Kind,
        filter: &Arc<Filter>,
        record: Record,
    ) -> Result<Option<Record>, ListError> {
        let access = Access::operator(self);
        let filter = Arc::clone(filter);
        self.evaluate(Actor::Operator, move |budget| {
            let view = FilterRecord::new(&record, access.schemas().of(kind));
            let is_match = Matcher::new(&access).matches(Some(&filter), &view, budget)?;
            Ok(is_match.then(|| record.clone()))
        })
        .await
    }
}
