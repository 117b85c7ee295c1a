//! Records that rules are asked about in place of ones that are not there: so the answer takes as long as for a record that is hidden.

use super::access::Access;
use crate::domain::{Kind, RecordId, RuleName};
use crate::error::Result;
use crate::store::{Cursor, Order, Record};

impl Access {
    /// The record to ask the rule about in place of the one of that id, which is not there: the next one in the order of ids, or the
    /// first. None of an empty collection, and for a rule that asks for no record.
    ///
    /// # Errors
    /// Only the store's.
    pub async fn stand_in(
        &self,
        rule: RuleName,
        kind: Kind,
        id: Option<&RecordId>,
    ) -> Result<Option<Record>> {
        if !self.asks_records(kind, rule) {
            return Ok(None);
        }
        let store = &self.records().app.store;
        let behind = id.map(Cursor::after_id);
        for cursor in behind.into_iter().chain([Cursor::START]) {
            let next = store.records_after(Order::ById(kind), &cursor, 1).await?;
            if let Some(record) = next.into_iter().next() {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}
