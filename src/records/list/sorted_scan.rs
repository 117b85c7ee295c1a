//! Lists in an order that the store has no index for.

use std::cmp::Ordering;

use super::block_pages::Blocks;
use super::block_scan::BlockScan;
use super::error::ListError;
use super::list_order::ListOrder;
use super::pages::PAGE;
use super::record_scan::RecordScan;
use super::slots::SORT_BYTES;
use super::top_k::{SortKey, TopK};
use super::whole_scan::{WholeScan, is_of_users_alone};
use crate::domain::RecordId;
use crate::filter::{Named, SortRecord};
use crate::records::filter_record::FilterRecord;
use crate::store::{Cursor, Order, Record};

/// Fields whose greatest values are likely to be those of the last users.
const LATE: [&str; 3] = ["created", "updated", "users_id"];

/// Ids of the records of a page, and the number of records that match.
pub struct SortedPage {
    pub ids: Vec<RecordId>,
    pub total: u64,
}

/// Scan of all records of a collection for the first ones of an order.
pub struct SortedScan<'a> {
    scan: &'a RecordScan<'a>,
    source: Source<'a>,
    order: ListOrder,
    /// Bytes of keys that may be kept.
    max_bytes: usize,
}

/// Records that a scan looks at.
enum Source<'a> {
    /// All of the collection, one after the other.
    Records,
    /// All users, block by block.
    Blocks(BlockScan<'a>),
    /// Users, as they are stored.
    Whole(WholeScan<'a>),
    /// These users, one after the other.
    Ids(Vec<RecordId>),
}

/// Result of one scan: the next keys of the order, and the number of records that match.
struct Pass {
    keys: Vec<SortKey>,
    matching: u64,
}

impl<'a> SortedScan<'a> {
    /// Scan in the order that the query asks for.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when there is no random number to be had.
    pub fn new(scan: &'a RecordScan<'a>) -> Result<Self, ListError> {
        Ok(Self::with(scan, scan.seed()?, SORT_BYTES))
    }

    pub(super) fn with(scan: &'a RecordScan<'a>, seed: u64, max_bytes: usize) -> Self {
        Self {
            scan,
            source: Source::Records,
            order: ListOrder::new(scan.query.sort.as_ref(), seed),
            max_bytes,
        }
    }

    /// The same scan by blocks of users, for a query that is answered by them.
    pub fn by_blocks(self) -> Self {
        let sort = self.order.sort();
        let last_first = sort.is_some_and(|sort| sort.begins_with_greatest(&LATE));
        self.of_blocks(Blocks::All { last_first })
    }

    /// The same scan by the blocks at these places only, which all users that match are in.
    pub fn of_blocks(self, blocks: Blocks) -> Self {
        let source = Source::Blocks(BlockScan::new(self.scan, blocks));
        Self { source, ..self }
    }

    /// The same scan of all users, as they are stored.
    pub fn by_whole_users(self) -> Self {
        let source = Source::Whole(WholeScan::new(self.scan));
        Self { source, ..self }
    }

    /// The same scan of these users only, which all that match are among.
    pub fn by_ids(self, ids: Vec<RecordId>) -> Self {
        let source = match is_of_users_alone(self.scan.query) {
            true => Source::Whole(WholeScan::of_ids(self.scan, ids)),
            false => Source::Ids(ids),
        };
        Self { source, ..self }
    }

    /// Reads the records as often as it takes to come to the end of the page.
    pub fn page(&self) -> Result<SortedPage, ListError> {
        let paging = &self.scan.query.paging;
        let mut pass = self.pass(paging.end(), None)?;
        let total = pass.matching;
        let mut ids = Vec::new();
        let mut passed = 0;
        loop {
            ids.extend(self.ids_on_page(&pass.keys, passed));
            passed += pass.keys.len() as u64;
            let is_complete = passed >= paging.end() || paging.offset() >= total;
            match pass.keys.pop() {
                Some(last) if !is_complete => {
                    pass = self.pass(paging.end() - passed, Some(&last))?;
                }
                _ => return Ok(SortedPage { ids, total }),
            }
        }
    }

    /// Ids on the page of `keys`, which follow `passed` others.
    fn ids_on_page(&self, keys: &[SortKey], passed: u64) -> impl Iterator<Item = RecordId> {
        let paging = self.scan.query.paging;
        (passed..)
            .zip(keys)
            .filter(move |(index, _)| paging.contains(*index))
            .map(|(_, key)| key.id.clone())
    }

    /// Scans for the first `k` keys behind `last`.
    fn pass(&self, k: u64, last: Option<&SortKey>) -> Result<Pass, ListError> {
        let k = usize::try_from(k).unwrap_or(usize::MAX);
        let mut pass = Collecting {
            scan: self,
            keys: TopK::new(k, self.max_bytes, |a: &SortKey, b: &SortKey| {
                self.compare(a, b)
            }),
            last,
            matching: 0,
        };
        match &self.source {
            Source::Blocks(blocks) => {
                let sort = self.order.sort();
                blocks.each_match(sort, |user| pass.add(user, || user.id()))?;
            }
            Source::Whole(users) => {
                let sort = self.order.sort();
                users.each_match(sort, |user| pass.add(user, || user.id()))?;
            }
            Source::Records | Source::Ids(_) => {
                let fields = self.order.fields();
                self.each_match(|record, view| {
                    let named = Named {
                        record: view,
                        fields,
                    };
                    pass.add(&named, || Some(record.id().clone()));
                })?;
            }
        }
        Ok(Pass {
            matching: pass.matching,
            keys: pass.keys.into_sorted(),
        })
    }

    fn each_match(
        &self,
        mut visit: impl FnMut(&Record, &FilterRecord<'_>),
    ) -> Result<(), ListError> {
        let mut visit_match = |record: &Record| -> Result<(), ListError> {
            if self.scan.is_match(record)? {
                visit(record, &self.scan.query.access.sort_view(record));
            }
            Ok(())
        };
        if let Source::Ids(ids) = &self.source {
            return ids.chunks(PAGE).try_for_each(|ids| {
                self.scan
                    .records(ids)?
                    .iter()
                    .try_for_each(&mut visit_match)
            });
        }
        let by_id = Order::ById(self.scan.query.kind);
        for records in self.scan.pages(by_id, Cursor::START) {
            records?.iter().try_for_each(&mut visit_match)?;
        }
        Ok(())
    }

    fn compare(&self, a: &impl SortRecord, b: &impl SortRecord) -> Ordering {
        // A slot that is lost here ends the scan at the next record.
        let _ = self.scan.slot.step();
        self.order.compare(a, b)
    }
}

/// A scan under way.
struct Collecting<'a, 'b, F> {
    scan: &'a SortedScan<'b>,
    keys: TopK<F>,
    last: Option<&'a SortKey>,
    matching: u64,
}

impl<F: Fn(&SortKey, &SortKey) -> Ordering> Collecting<'_, '_, F> {
    /// Counts a matching record, and keeps its key if it is behind the last one of the pass before and among the first.
    fn add(&mut self, record: &impl SortRecord, id: impl FnOnce() -> Option<RecordId>) {
        self.matching += 1;
        if self.is_wanted(record)
            && let Some(id) = id()
        {
            let fields = self.scan.order.fields().len();
            self.keys.push(SortKey::new(id, record, fields));
        }
    }

    fn is_wanted(&self, record: &impl SortRecord) -> bool {
        self.keys
            .last_wanted()
            .is_none_or(|last| self.scan.compare(record, last).is_lt())
            && self
                .last
                .is_none_or(|last| self.scan.compare(record, last).is_gt())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;
    use jiff::Timestamp;

    use super::super::paging::Paging;
    use super::super::query::ListQuery;
    use super::super::slots::{ListSlots, SORT_BYTES};
    use super::*;
    use crate::app::App;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::domain::{Actor, IdType, Kind, OpenId, TokenKey, User};
    use crate::random::Random;
    use crate::records::Records;
    use crate::records::access::Access;
    use crate::store::{Location, Write};

    /// Users whose names come in no order, some of them twice.
    async fn app_with(users: u64) -> Arc<App> {
        let app = App::new(
            Config::default(),
            &Location::memory(),
            Clock::System,
            Random::seeded(1),
        )
        .await
        .unwrap();
        app.store
            .commit((1..=users).map(insert_user).collect())
            .await
            .unwrap();
        app
    }

    fn insert_user(n: u64) -> Write {
        Write::insert(User {
            name: format!("n{}", n * 31 % 17),
            ..User::new(
                RecordId::parse(&format!("u{:014}", n * 7919 % 10_007)).unwrap(),
                OpenId::parse(&format!("o_{n}")).unwrap(),
                IdType::WeChat,
                uuid::Uuid::nil(),
                TokenKey::new([7; 16]),
                Timestamp::UNIX_EPOCH,
            )
        })
    }

    /// Ids of a page of users, and the number of records that match.
    fn page(app: &Arc<App>, sort: &str, paging: Paging, max_bytes: usize) -> (Vec<RecordId>, u64) {
        let access = Access::operator(&Records::new(app));
        let schemas = Arc::clone(access.schemas());
        let filter = "users_name != 'n3'";
        let query = ListQuery::parse(access, Kind::Users, paging, filter, sort).unwrap();
        let slots = ListSlots::new();
        let (slot, _waiting) = slots.list(Actor::Operator).now_or_never().unwrap().unwrap();
        let scan = RecordScan::new(app, &schemas, &query, &slot);
        let page = SortedScan::with(&scan, 1, max_bytes).page().unwrap();
        (page.ids, page.total)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pages_are_the_same_however_little_may_be_kept() {
        let app = app_with(300).await;
        let page = |sort: &str, page_number, per_page, max_bytes| {
            let paging = Paging {
                page: page_number,
                per_page,
                skip_total: false,
            };
            tokio::task::block_in_place(|| page(&app, sort, paging, max_bytes))
        };
        for sort in ["users_name", "-users_name,openid", "@rowid"] {
            let (all, total) = page(sort, 1, 1000, SORT_BYTES);
            assert_eq!((all.len() as u64, total), (283, 283));
            for sort_bytes in [1, 2_000, 10_000] {
                let pages: Vec<_> = (1..=6)
                    .flat_map(|n| page(sort, n, 50, sort_bytes).0)
                    .collect();
                assert_eq!(pages, all, "{sort} in {sort_bytes}");
                assert_eq!(page(sort, 7, 50, sort_bytes), (Vec::new(), 283));
            }
        }
    }
}
