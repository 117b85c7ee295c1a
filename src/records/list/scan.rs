//! Looking at the records of a list: users in the order of creation from an index, and else all records of the collection.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::top_k::{Best, Key, Named};
use super::{Found, ListError, Query};
use crate::app::App;
use crate::domain::{Kind, RecordId};
use crate::error::{Error, Result};
use crate::filter::{Budget, Record as _, Sort};
use crate::records::filter_record::FilterRecord;
use crate::records::list::slots::Pace;
use crate::records::schema::Schemas;
use crate::store::{Record, Scan};

/// The result of a look at the records: records, or where they are.
pub enum Seen {
    Records(Found),
    Ids(Vec<RecordId>, u64),
}

/// Looks at the records; not for a thread that others wait for.
///
/// # Errors
/// [`ListError`].
pub fn look(app: &App, schemas: &Schemas, query: &Query, pace: &Pace) -> Result<Seen, ListError> {
    let newest_first = match query.condition.sort.as_ref().map(Sort::only) {
        None => Some(false),
        Some(Some(("created", descending))) => Some(descending),
        Some(_) => None,
    };
    let schema = schemas.of(query.kind);
    let asker = query.asker(app.clock.now(), schemas);
    let holds = |record: &Record| {
        pace.step()?;
        let budget = Budget::new(Budget::EVALUATION);
        Ok(query
            .condition
            .holds(&FilterRecord::new(record, schema), &asker, &budget)?)
    };
    match newest_first {
        Some(newest_first) if query.kind == Kind::Users => {
            by_created(app, query, newest_first, holds).map(Seen::Records)
        }
        _ => {
            let seed = app.random.bytes().map_err(Error::from)?;
            let order = Order {
                query,
                schemas,
                pace,
                newest_first,
                seed: u64::from_le_bytes(seed),
                holds,
            };
            order.page(app).map(|(ids, total)| Seen::Ids(ids, total))
        }
    }
}

/// Shows `visit` each record until it has enough or meets an error.
fn scan(
    app: &App,
    scan: Scan,
    mut visit: impl FnMut(Record) -> Result<ControlFlow<()>, ListError>,
) -> Result<(), ListError> {
    let mut outcome = Ok(());
    app.store.scan(scan, |record| {
        visit(record).unwrap_or_else(|error| {
            outcome = Err(error);
            ControlFlow::Break(())
        })
    })?;
    outcome
}

/// Users in the order of creation. Without a filter, those of the pages before are not read and those behind not counted.
fn by_created(
    app: &App,
    query: &Query,
    newest_first: bool,
    holds: impl Fn(&Record) -> Result<bool, ListError>,
) -> Result<Found, ListError> {
    let paging = &query.paging;
    let (is_filtered, skip_total) = (query.condition.filter.is_some(), paging.skip_total);
    let skip = if is_filtered { 0 } else { paging.offset() };
    let mut found = Found {
        records: Vec::new(),
        total: skip,
    };
    scan(app, Scan::UsersByCreated { newest_first, skip }, |record| {
        if !holds(&record)? {
            return Ok(ControlFlow::Continue(()));
        }
        if (paging.offset()..paging.end()).contains(&found.total) {
            found.records.push(record);
        }
        found.total += 1;
        let is_done = found.total >= paging.end() && (skip_total || !is_filtered);
        Ok(if is_done {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(found)
}

/// An order that no index has.
struct Order<'a, F> {
    query: &'a Query,
    schemas: &'a Schemas,
    pace: &'a Pace,
    newest_first: Option<bool>,
    seed: u64,
    holds: F,
}

impl<F: Fn(&Record) -> Result<bool, ListError>> Order<'_, F> {
    /// The ids of the page, and how many records match.
    fn page(&self, app: &App) -> Result<(Vec<RecordId>, u64), ListError> {
        let paging = &self.query.paging;
        let fields = self.fields();
        let order = |a: &Key, b: &Key| self.compare(a, b, &fields);
        let (mut ids, mut rank, mut last, mut total) = (Vec::new(), 0, None, None);
        loop {
            let needed = usize::try_from(paging.end() - rank).unwrap_or(usize::MAX);
            let (keys, matching) = self.pass(app, &fields, needed, last.as_ref(), &order)?;
            let total = *total.get_or_insert(matching);
            for key in &keys {
                if (paging.offset()..paging.end()).contains(&rank) {
                    ids.push(key.id.clone());
                }
                rank += 1;
            }
            last = keys.into_iter().next_back();
            if last.is_none() || rank >= paging.end() || paging.offset() >= total {
                return Ok((ids, total));
            }
        }
    }

    /// The first keys behind `last`, and how many records match at all.
    fn pass(
        &self,
        app: &App,
        fields: &[String],
        needed: usize,
        last: Option<&Key>,
        order: &impl Fn(&Key, &Key) -> Ordering,
    ) -> Result<(Vec<Key>, u64), ListError> {
        let schema = self.schemas.of(self.query.kind);
        let (mut best, mut matching) = (Best::new(needed, self.query.sort_bytes), 0);
        scan(app, Scan::All(self.query.kind), |record| {
            if (self.holds)(&record)? {
                matching += 1;
                let key = Key::new(
                    record.id().clone(),
                    &FilterRecord::new(&record, schema),
                    fields,
                );
                if last.is_none_or(|last| order(&key, last).is_gt()) {
                    best.push(key, order);
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok((best.finish(order), matching))
    }

    fn fields(&self) -> Vec<String> {
        let sort = self.query.condition.sort.iter();
        sort.flat_map(Sort::fields).map(str::to_owned).collect()
    }

    /// Records that are equal stay in the order of creation; of those that are asked for by the time of creation, newest
    /// first, the later one is first.
    fn compare(&self, a: &Key, b: &Key, fields: &[String]) -> Ordering {
        // A place that is lost here ends the list at the next record.
        let _ = self.pace.step();
        let (a, b) = (Named(a, fields), Named(b, fields));
        let by_number = a.rowid().cmp(&b.rowid());
        let by_number = if self.newest_first == Some(true) {
            by_number.reverse()
        } else {
            by_number
        };
        let sort = self.query.condition.sort.as_ref();
        sort.map_or(Ordering::Equal, |sort| sort.compare(&a, &b, self.seed))
            .then(by_number)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::super::condition::Condition;
    use super::super::paging::Paging;
    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::domain::{Actor, IdType, Name, NewUser, OpenId, Superuser, TokenKey};
    use crate::random::Random;
    use crate::records::list::slots::Places;
    use crate::records::list::slots::SORT_BYTES;
    use crate::store::{Location, Write};

    fn superuser() -> Record {
        Record::Superuser(Superuser {
            id: RecordId::from_random([0; 30]),
            number: 1,
            email: "root@example.com".into(),
            email_visibility: false,
            verified: true,
            password_hash: String::new(),
            token_key: TokenKey::new([0; 16]),
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        })
    }

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
        let user = |n: u64| {
            let id = RecordId::parse(&format!("u{:014}", n * 7919 % 10_007)).unwrap();
            let openid = OpenId::parse(&format!("o_{n}")).unwrap();
            let key = TokenKey::new([7; 16]);
            let new = NewUser::new(
                id,
                openid,
                IdType::WeChat,
                uuid::Uuid::nil(),
                key,
                Timestamp::UNIX_EPOCH,
            );
            let name = Name::parse(&format!("n{}", n * 31 % 17)).unwrap();
            Write::InsertUser(new.with(|user| user.name = name.into()))
        };
        app.store
            .write((1..=users).map(user).collect(), Timestamp::UNIX_EPOCH)
            .await
            .unwrap()
            .unwrap();
        app
    }

    #[tokio::test]
    async fn pages_are_the_same_however_little_may_be_kept() {
        let app = app_with(300).await;
        let schemas = Schemas::new(&app.collections());
        let place = &Places::new().list(Actor::Operator).await.unwrap();
        let page = |sort: &str, page, per_page, sort_bytes| {
            let condition =
                Condition::parse("users_name != 'n3'", sort, schemas.of(Kind::Users), true)
                    .unwrap();
            let paging = Paging {
                page,
                per_page,
                skip_total: false,
            };
            let query = Query {
                kind: Kind::Users,
                paging,
                condition,
                asker: Some(superuser()),
                sort_bytes,
            };
            match look(&app, &schemas, &query, place).unwrap() {
                Seen::Ids(ids, total) => (ids, total),
                Seen::Records(_) => panic!("not by an index"),
            }
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
