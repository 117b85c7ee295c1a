//! Lists of records: by an index where the filter names one record, and else by a scan.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::block_pages::Blocks;
use super::block_scan::is_in_blocks;
use super::created_scan::users_by_created;
use super::early_page::{early_page, numbered_page};
use super::error::ListError;
use super::lookup::IndexLookup;
use super::matcher::Matcher;
use super::named::NamedUsers;
use super::paging::ListPage;
use super::query::ListQuery;
use super::record_scan::RecordScan;
use super::sorted_scan::{SortedPage, SortedScan};
use super::whole_scan::is_of_users_alone;
use crate::domain::{Kind, RuleName};
use crate::error::Error;
use crate::filter::{Budget, Sort, TooCostly};
use crate::priority::below_all;
use crate::records::Records;
use crate::records::filter_record::FilterRecord;
use crate::store::Record;

/// Blocks that are read by their places; of more, all are read one after the other.
const MOST_PLACES: usize = 4_000;

/// Users that a list whose total is not asked for looks at in the order of creation, before it looks at all of them.
const SEEN_FIRST: u64 = 1_000;

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
            IndexLookup::NotIndexed => match self.list_few(&query).await? {
                Some(page) => Ok(page),
                None => Box::pin(self.list_by_scan(query)).await,
            },
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
        // Whoever goes on typing into a search box gives up a list for the next.
        let (slot, _waiting) = self.list_slots.list(query.access.reader().actor()).await?;
        let app = Arc::clone(&self.app);
        let schemas = self.schemas();
        let work = move || scan(&RecordScan::new(&app, &schemas, &query, &slot));
        below_all("list", work).await.map_err(Error::internal)?
    }
}

fn single_page(query: &ListQuery, record: &Record, budget: &Budget) -> Result<ListPage, TooCostly> {
    let view = FilterRecord::new(record, query.access.schemas().of(query.kind));
    let is_match = Matcher::new(&query.access).matches(query.filter.as_ref(), &view, budget)?;
    let record = is_match.then(|| record.clone());
    Ok(ListPage::single(record, &query.paging))
}

/// Scans the records of the collection as far as needed.
fn scan(scan: &RecordScan<'_>) -> Result<ListPage, ListError> {
    let query = scan.query;
    if let (Kind::Users, None, Some(newest_first)) =
        (query.kind, &query.filter, newest_first(query.sort.as_ref()))
    {
        return all_by_created(scan, newest_first);
    }
    let named = NamedUsers::of(scan.store(), query);
    let named = Handle::current().block_on(named)?;
    match is_in_blocks(query) {
        true => read_page(scan, &scan_blocks(scan, named)?),
        false => scan_records(scan, named),
    }
}

/// Page of all users.
fn all_by_created(scan: &RecordScan<'_>, newest_first: bool) -> Result<ListPage, ListError> {
    let page = users_by_created(scan, newest_first, u64::MAX)?;
    let total = Handle::current().block_on(scan.store().count_users())?;
    Ok(ListPage {
        total,
        ..page.unwrap_or_default()
    })
}

/// Records of a page, as they are by now: those that are gone are left out, and those that a rule hides from the reader.
fn read_page(scan: &RecordScan<'_>, page: &SortedPage) -> Result<ListPage, ListError> {
    let is_bound = !scan.query.access.is_superuser();
    let mut records = Vec::with_capacity(page.ids.len());
    for record in scan.records(&page.ids)? {
        if !is_bound || scan.is_match(&record)? {
            records.push(record);
        }
    }
    Ok(ListPage {
        records,
        total: page.total,
    })
}

/// Scans users by their blocks, or by what an index says of them.
pub(super) fn scan_blocks(
    scan: &RecordScan<'_>,
    named: NamedUsers,
) -> Result<SortedPage, ListError> {
    let sorted = SortedScan::new(scan)?;
    let total = match named {
        NamedUsers::AmongIds(ids) => return sorted.by_ids(ids).page(),
        NamedUsers::Numbers(numbers) if scan.query.sort.is_none() => {
            return numbered_page(scan, &numbers);
        }
        NamedUsers::AmongNumbers(numbers) | NamedUsers::Numbers(numbers)
            if numbers.len() <= MOST_PLACES =>
        {
            return sorted.of_blocks(Blocks::of(&numbers)).page();
        }
        NamedUsers::Count(total) => Some(total),
        _ => None,
    };
    match early_page(scan, total)? {
        Some(page) => Ok(page),
        None => sorted.by_blocks().page(),
    }
}

/// Scans users as they are stored, or records of another kind one by one.
fn scan_records(scan: &RecordScan<'_>, named: NamedUsers) -> Result<ListPage, ListError> {
    let query = scan.query;
    if let NamedUsers::AmongIds(ids) = named {
        let sorted = SortedScan::new(scan)?.by_ids(ids);
        return read_page(scan, &sorted.page()?);
    }
    let is_alone = is_of_users_alone(query);
    if let (Kind::Users, Some(newest_first)) = (query.kind, newest_first(query.sort.as_ref()))
        && (query.paging.skip_total || !is_alone)
    {
        let most = if is_alone { SEEN_FIRST } else { u64::MAX };
        if let Some(page) = users_by_created(scan, newest_first, most)? {
            return Ok(page);
        }
    }
    let sorted = SortedScan::new(scan)?;
    let sorted = match is_alone {
        true => sorted.by_whole_users(),
        false => sorted,
    };
    read_page(scan, &sorted.page()?)
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

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use jiff::Timestamp;

    use super::super::paging::Paging;
    use super::super::query::parse_filter;
    use super::super::slots::ListSlots;
    use super::*;
    use crate::app::App;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::domain::{Actor, IdType, OpenId, RecordId, TokenKey, User};
    use crate::random::Random;
    use crate::records::access::Access;
    use crate::records::reader::Reader;
    use crate::records::rules::RequestInfo;
    use crate::store::{Location, Write};

    fn user(id: &str, company_id: &str) -> User {
        let id = RecordId::parse(id).unwrap();
        let openid = OpenId::parse(id.as_str()).unwrap();
        let key = TokenKey::new([7; 16]);
        let now = Timestamp::UNIX_EPOCH;
        User {
            company_id: company_id.into(),
            ..User::new(id, openid, IdType::WeChat, uuid::Uuid::nil(), key, now)
        }
    }

    /// Ids on a page of which all users were found before they were as they are now.
    fn page(app: &Arc<App>, reader: Reader) -> Vec<String> {
        let records = Records::new(app);
        let schemas = records.schemas();
        let query = ListQuery {
            access: Access::new(&records, reader, RequestInfo::default()),
            kind: Kind::Users,
            paging: Paging {
                page: 1,
                per_page: 20,
                skip_total: false,
            },
            filter: parse_filter("company_id = 'acme'", schemas.of(Kind::Users), false).unwrap(),
            sort: None,
        };
        let slots = ListSlots::new();
        let (slot, _waiting) = slots.list(Actor::Nobody).now_or_never().unwrap().unwrap();
        let scan = RecordScan::new(app, &schemas, &query, &slot);
        let ids = ["u00000000000001", "u00000000000002", "u00000000000003"];
        let found = SortedPage {
            ids: ids.map(|id| RecordId::parse(id).unwrap()).into(),
            total: 3,
        };
        let page = read_page(&scan, &found).unwrap();
        page.records.iter().map(|r| r.id().to_string()).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_left_what_a_rule_shows_between_scan_and_page_is_not_shown() {
        let location = Location::memory();
        let app = App::new(
            Config::default(),
            &location,
            Clock::System,
            Random::seeded(1),
        )
        .await
        .unwrap();
        let users = [
            user("u00000000000001", "acme"),
            user("u00000000000002", "other"),
        ];
        app.store
            .commit(users.map(Write::insert).into())
            .await
            .unwrap();
        let (bound, unbound) = tokio::task::block_in_place(|| {
            (page(&app, Reader::Nobody), page(&app, Reader::Operator))
        });
        assert_eq!(bound, ["u00000000000001"]);
        assert_eq!(unbound, ["u00000000000001", "u00000000000002"]);
    }
}
