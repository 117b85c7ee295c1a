//! Lists of records: by an index where the filter names one record, and else by a scan.

use std::sync::Arc;

use super::block_scan::is_in_blocks;
use super::created_scan::users_by_created;
use super::error::ListError;
use super::lookup::{IndexLookup, users_by_begin};
use super::matcher::Matcher;
use super::paging::ListPage;
use super::query::ListQuery;
use super::record_scan::RecordScan;
use super::slots::{ListSlot, SORT_BYTES};
use super::sorted_scan::{SortedPage, SortedScan};
use crate::app::App;
use crate::domain::{Kind, RecordId, RuleName};
use crate::error::Error;
use crate::filter::{Budget, Sort, TooCostly};
use crate::records::Records;
use crate::records::filter_record::FilterRecord;
use crate::records::schema::Schemas;
use crate::store::Record;

/// Result of a scan.
enum ScanResult {
    Page(ListPage),
    Sorted(SortedPage),
}

impl Records {
    /// Page of the records that the reader may see and that match.
    pub async fn list(&self, query: ListQuery) -> Result<ListPage, ListError> {
        let query = query.within_rule().await?;
        if query.is_empty() {
            return Ok(ListPage::default());
        }
        self.list_all(query).await
    }

    async fn list_all(&self, query: ListQuery) -> Result<ListPage, ListError> {
        let filter = query.filter.as_ref();
        match self.lookup_by_index(query.kind, filter).await? {
            IndexLookup::NotIndexed => Box::pin(self.list_by_scan(query)).await,
            IndexLookup::Missing => Box::pin(self.list_nothing(query)).await,
            IndexLookup::Found(record) => Box::pin(self.list_single(query, record)).await,
        }
    }

    /// Page of a list that no record can be in: it takes as long, and fails, as one of a record that the rule hides.
    async fn list_nothing(&self, query: ListQuery) -> Result<ListPage, ListError> {
        let own = query.access.auth().map(Record::id);
        let other = query.access.stand_in(RuleName::List, query.kind, own);
        if let Some(other) = other.await? {
            self.list_single(query, other).await?;
        }
        Ok(ListPage::default())
    }

    /// Page of a list that only `record` can be in.
    async fn list_single(&self, query: ListQuery, record: Record) -> Result<ListPage, ListError> {
        self.evaluate(query.access.reader().actor(), move |budget| {
            single_page(&query, &record, budget)
        })
        .await
    }

    async fn list_by_scan(&self, query: ListQuery) -> Result<ListPage, ListError> {
        let kind = query.kind;
        let is_filtered = query.filter.is_some();
        let mut page = match self.scan(query).await? {
            ScanResult::Page(page) => page,
            ScanResult::Sorted(sorted) => self.read_sorted(kind, sorted).await?,
        };
        if kind == Kind::Users && !is_filtered {
            page.total = self.app.store.count_users().await?;
        }
        Ok(page)
    }

    async fn scan(&self, query: ListQuery) -> Result<ScanResult, ListError> {
        let few = users_by_begin(&self.app.store, query.kind, query.filter.as_ref()).await?;
        let slot = self.list_slots.list(query.access.reader().actor()).await?;
        let app = Arc::clone(&self.app);
        let schemas = self.schemas();
        // The slot is held to the end, even if whoever asked has gone away.
        tokio::task::spawn_blocking(move || scan(&app, &schemas, &query, few, &slot))
            .await
            .map_err(Error::internal)?
    }

    /// Records of a page; those that are gone meanwhile are left out.
    async fn read_sorted(&self, kind: Kind, sorted: SortedPage) -> Result<ListPage, ListError> {
        let mut records = Vec::with_capacity(sorted.ids.len());
        for id in &sorted.ids {
            records.extend(self.app.store.record_by_id(kind, id).await?);
        }
        Ok(ListPage {
            records,
            total: sorted.total,
        })
    }
}

fn single_page(query: &ListQuery, record: &Record, budget: &Budget) -> Result<ListPage, TooCostly> {
    let view = FilterRecord::new(record, query.access.schemas().of(query.kind));
    let is_match = Matcher::new(&query.access).matches(query.filter.as_ref(), &view, budget)?;
    let record = is_match.then(|| record.clone());
    Ok(ListPage::single(record, &query.paging))
}

/// Scans the records of the collection; users in the order of their creation only as far as needed.
fn scan(
    app: &App,
    schemas: &Schemas,
    query: &ListQuery,
    few: Option<Vec<RecordId>>,
    slot: &ListSlot,
) -> Result<ScanResult, ListError> {
    let scan = RecordScan::new(app, schemas, query, slot);
    let newest_first = newest_first(query.sort.as_ref());
    let is_in_blocks = is_in_blocks(query);
    if let (Kind::Users, Some(newest_first)) = (query.kind, newest_first)
        && few.is_none()
        && (query.filter.is_none() || !is_in_blocks)
    {
        return users_by_created(&scan, newest_first).map(ScanResult::Page);
    }
    let seed = u64::from_le_bytes(app.random.bytes().map_err(Error::from)?);
    let sorted = SortedScan::new(&scan, newest_first == Some(true), seed, SORT_BYTES);
    let sorted = match few {
        Some(ids) => sorted.by_ids(ids),
        None if is_in_blocks => sorted.by_blocks(),
        None => sorted,
    };
    sorted.page().map(ScanResult::Sorted)
}

/// Direction of an order by creation alone; nothing for any other order.
fn newest_first(sort: Option<&Sort>) -> Option<bool> {
    let Some(sort) = sort else {
        return Some(false);
    };
    sort.only()
        .filter(|(field, _)| *field == "created")
        .map(|(_, descending)| descending)
}
