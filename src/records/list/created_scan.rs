//! Lists of users in the order of their creation, which the store has an index for.

use super::error::ListError;
use super::paging::ListPage;
use super::record_scan::RecordScan;
use crate::store::{Cursor, Order};

/// Page of users by creation; nothing if it is not found among the first `most` users. Without a filter, those of the pages
/// before are not read, and those behind are not counted.
pub fn users_by_created(
    scan: &RecordScan<'_>,
    newest_first: bool,
    most: u64,
) -> Result<Option<ListPage>, ListError> {
    let paging = &scan.query.paging;
    let is_filtered = scan.query.filter.is_some();
    let skipped = if is_filtered { 0 } else { paging.offset() };
    let mut page = ListPage {
        records: Vec::new(),
        total: skipped,
    };
    let mut seen = 0;
    let order = Order::UsersByCreated { newest_first };
    for records in scan.pages(order, Cursor::skip(skipped)) {
        let records = records?;
        if seen > most {
            return Ok(None);
        }
        seen += records.len() as u64;
        for record in records {
            if !scan.is_match(&record)? {
                continue;
            }
            if paging.contains(page.total) {
                page.records.push(record);
            }
            page.total += 1;
            if page.total >= paging.end() && (paging.skip_total || !is_filtered) {
                return Ok(Some(page));
            }
        }
    }
    Ok(Some(page))
}
