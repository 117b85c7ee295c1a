//! Pages of users that end a scan early, because nobody asks how many match, or an index says it.

use tokio::runtime::Handle;

use super::block_pages::Blocks;
use super::block_scan::BlockScan;
use super::error::ListError;
use super::record_scan::RecordScan;
use super::sorted_scan::SortedPage;
use crate::domain::RecordId;
use crate::records::date::{date_text, parse_date};

/// Users whose places in the order of creation are read at once.
const CHUNK: usize = 1_000;
/// Share of all users that are looked at in the order of creation: one after the other they take three times as long as in the
/// order of their blocks.
const SHARE: u64 = 8;

/// Page of the users that match, of whom there are `total`, if it is found without a look at all of them.
pub fn early_page(
    scan: &RecordScan<'_>,
    total: Option<u64>,
) -> Result<Option<SortedPage>, ListError> {
    let paging = &scan.query.paging;
    if total.is_none() && !paging.skip_total {
        return Ok(None);
    }
    let total = total.unwrap_or_default();
    let ids = match scan.query.sort.as_ref().map(|sort| sort.only()) {
        _ if !paging.skip_total && paging.offset() >= total => Some(Vec::new()),
        None => BlockScan::new(scan, Blocks::All { last_first: false })
            .first_ids()
            .map(Some)?,
        Some(Some(("created", newest_first))) => ids_by_created(scan, newest_first)?,
        Some(_) => None,
    };
    Ok(ids.map(|ids| SortedPage { ids, total }))
}

/// Page of the users with these numbers, all of whom match.
pub fn numbered_page(scan: &RecordScan<'_>, numbers: &[u64]) -> Result<SortedPage, ListError> {
    let paging = &scan.query.paging;
    let place = |index: u64| usize::try_from(index).map_or(numbers.len(), |n| n.min(numbers.len()));
    let wanted = &numbers[place(paging.offset())..place(paging.end())];
    let blocks = BlockScan::new(scan, Blocks::of(wanted));
    Ok(SortedPage {
        ids: blocks.matching(wanted)?,
        total: numbers.len() as u64,
    })
}

/// Place behind which all matching users are, oldest first, if the filter has a time in PocketBase's form from which they were made.
fn oldest_place(scan: &RecordScan<'_>, newest_first: bool) -> Option<(i64, u64)> {
    let filter = scan.query.filter.as_ref().filter(|_| !newest_first)?;
    let text = filter.least("created")?;
    let at = parse_date(text).filter(|at| date_text(*at) == text)?;
    Some((at.as_millisecond() - 1, u64::MAX))
}

/// Ids of the page in the order of creation; nothing if it is not full after a share of all users.
fn ids_by_created(
    scan: &RecordScan<'_>,
    newest_first: bool,
) -> Result<Option<Vec<RecordId>>, ListError> {
    let runtime = Handle::current();
    let paging = &scan.query.paging;
    let blocks = BlockScan::new(scan, Blocks::All { last_first: false });
    let most = runtime.block_on(scan.store().count_users())? / SHARE;
    let mut seen = 0;
    let mut last = oldest_place(scan, newest_first);
    let mut ids = Vec::new();
    loop {
        let read = scan
            .store()
            .user_numbers_by_created(newest_first, last, CHUNK);
        let places = runtime.block_on(read)?;
        let numbers: Vec<_> = places.iter().map(|(_, number)| *number).collect();
        ids.extend(blocks.matching(&numbers)?);
        if ids.len() as u64 >= paging.end() || places.len() < CHUNK {
            return Ok(Some(paging.select(ids)));
        }
        last = places.last().copied();
        seen += places.len() as u64;
        if seen > most {
            return Ok(None);
        }
    }
}
