//! Finding the records of a page: by an index where the filter names one record, in the order of creation from an index,
//! and else by looking at all of them.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::Context;
use super::best::{Best, Key, Named};
use super::filter::{Asker, Condition};
use super::paging::Paging;
use super::row::Row;
use super::schema::Schemas;
use crate::app::App;
use crate::auth::Who;
use crate::domain::{Kind, OpenId, Phone, RecordId};
use crate::error::{Error, Result};
use crate::filter::{Filter, Record as _, Sort};
use crate::store::{self, Record, Scan};

/// How many lists may look at all records at once: two, so that a long one does not stop every other, and no more, because
/// each keeps a core busy that logins could use. Further ones wait.
pub const SCANS: usize = 2;

/// What a sorted list may keep of the records it has seen: the keys of a hundred thousand. For a page behind that the
/// records are looked at once more for each hundred thousand before it.
const SORT_BYTES: usize = 16 << 20;

/// What was found: the records of the page, and how many there are on all pages.
#[derive(Debug, Default)]
pub struct Found {
    pub records: Vec<Record>,
    pub total: u64,
}

impl Found {
    /// The page of a list that has one record at most.
    pub fn of(only: Option<Record>, paging: &Paging) -> Self {
        let total = u64::from(only.is_some());
        Self { records: if paging.page == 1 { only.into_iter().collect() } else { Vec::new() }, total }
    }
}

/// A list of a collection for somebody who sees all of it.
struct Query {
    kind: Kind,
    paging: Paging,
    condition: Condition,
    /// The superuser who asks, if it is one.
    superuser: Option<Record>,
    /// What may be kept of the records that were seen, in bytes.
    sort_bytes: usize,
}

impl Query {
    fn asker<'a>(&'a self, app: &App, schemas: &'a Schemas) -> Asker<'a> {
        let row = self.superuser.as_ref().map(|record| Row::new(record, schemas.of(Kind::Superusers)));
        Asker { now: app.clock.now(), row, is_superuser: true }
    }
}

/// The only record that can match, if the filter says by an index which one that is.
async fn pinned(app: &App, kind: Kind, filter: &Filter) -> Result<Option<Option<Record>>> {
    let store = &app.store;
    for (field, value) in filter.pins() {
        let user = match (kind, field) {
            (_, "id") => {
                return Ok(Some(match RecordId::parse(value) {
                    Some(id) => by_id(app, kind, &id).await?,
                    None => None,
                }));
            }
            (Kind::Users, "openid") => match OpenId::parse(value) {
                Some(openid) => store.user_by_openid(&openid).await?,
                None => None,
            },
            (Kind::Users, "users_phone") => match Phone::parse(value) {
                Ok(phone) => store.user_by_phone(&phone).await?,
                Err(_) => None,
            },
            (Kind::Users, "email") => store.user_by_email(value).await?,
            (Kind::Companies, "company_id") => {
                return Ok(Some(store.company_by_company_id(value).await?.map(Record::Company)));
            }
            (Kind::Superusers, "email") => {
                return Ok(Some(store.superuser_by_email(value).await?.map(Record::Superuser)));
            }
            _ => continue,
        };
        return Ok(Some(user.map(Record::User)));
    }
    Ok(None)
}

/// The record with that id.
pub async fn by_id(app: &App, kind: Kind, id: &RecordId) -> Result<Option<Record>> {
    Ok(match kind {
        Kind::Users => app.store.user_by_id(id).await?.map(Record::User),
        Kind::Companies => app.store.company_by_id(id).await?.map(Record::Company),
        Kind::Superusers => app.store.superuser_by_id(id).await?.map(Record::Superuser),
    })
}

/// What a look at the records gives: records, or where they are.
enum Seen {
    Records(Found),
    Ids(Vec<RecordId>, u64),
}

/// Looks at the records; not for a thread that others wait for.
fn look(app: &App, schemas: &Schemas, query: &Query) -> Result<Seen, store::Error> {
    let newest_first = match query.condition.sort.as_ref().map(Sort::only) {
        None => Some(false),
        Some(Some(("created", descending))) => Some(descending),
        Some(_) => None,
    };
    let schema = schemas.of(query.kind);
    let asker = query.asker(app, schemas);
    let holds = |record: &Record| query.condition.holds(&Row::new(record, schema), &asker);
    match newest_first {
        Some(newest_first) if query.kind == Kind::Users => {
            by_created(app, query, newest_first, holds).map(Seen::Records)
        }
        _ => {
            let seed = app.random.bytes().map_err(|e| store::Error::Failed(e.to_string()))?;
            let order = Order { query, schemas, newest_first, seed: u64::from_le_bytes(seed), holds };
            order.page(app).map(|(ids, total)| Seen::Ids(ids, total))
        }
    }
}

/// Users in the order of creation. Without a filter, those of the pages before are not read and those behind not counted.
fn by_created(
    app: &App,
    query: &Query,
    newest_first: bool,
    holds: impl Fn(&Record) -> bool,
) -> Result<Found, store::Error> {
    let paging = &query.paging;
    let (is_filtered, skip_total) = (query.condition.filter.is_some(), paging.skip_total);
    let skip = if is_filtered { 0 } else { paging.offset() };
    let mut found = Found { records: Vec::new(), total: skip };
    app.store.scan(Scan::UsersByCreated { newest_first, skip }, |record| {
        if !holds(&record) {
            return ControlFlow::Continue(());
        }
        if (paging.offset()..paging.end()).contains(&found.total) {
            found.records.push(record);
        }
        found.total += 1;
        let is_done = found.total >= paging.end() && (skip_total || !is_filtered);
        if is_done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found)
}

/// An order that no index has.
struct Order<'a, F> {
    query: &'a Query,
    schemas: &'a Schemas,
    newest_first: Option<bool>,
    seed: u64,
    holds: F,
}

impl<F: Fn(&Record) -> bool> Order<'_, F> {
    /// The ids of the page, and how many records match.
    fn page(&self, app: &App) -> Result<(Vec<RecordId>, u64), store::Error> {
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
    ) -> Result<(Vec<Key>, u64), store::Error> {
        let schema = self.schemas.of(self.query.kind);
        let (mut best, mut matching) = (Best::new(needed, self.query.sort_bytes), 0);
        app.store.scan(Scan::All(self.query.kind), |record| {
            if (self.holds)(&record) {
                matching += 1;
                let key = Key::new(record.id().clone(), &Row::new(&record, schema), fields);
                if last.is_none_or(|last| order(&key, last).is_gt()) {
                    best.push(key, order);
                }
            }
            ControlFlow::Continue(())
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
        let (a, b) = (Named(a, fields), Named(b, fields));
        let by_number = a.rowid().cmp(&b.rowid());
        let by_number = if self.newest_first == Some(true) { by_number.reverse() } else { by_number };
        let sort = self.query.condition.sort.as_ref();
        sort.map_or(Ordering::Equal, |sort| sort.compare(&a, &b, self.seed)).then(by_number)
    }
}

impl Context {
    /// The page of a list that `who` may see.
    ///
    /// # Errors
    /// Only errors of ours.
    pub async fn list(
        &self,
        who: Option<Who>,
        kind: Kind,
        paging: Paging,
        condition: Condition,
    ) -> Result<Found> {
        match who {
            None => Ok(Found::default()),
            Some(Who::User(user)) => Ok(self.own(Record::User(*user), &paging, &condition)),
            Some(Who::Superuser(superuser)) => {
                self.list_all(kind, paging, condition, Some(Record::Superuser(*superuser))).await
            }
        }
    }

    /// The page of a list for somebody who may see everything.
    ///
    /// # Errors
    /// Only errors of ours.
    pub async fn list_all(
        &self,
        kind: Kind,
        paging: Paging,
        condition: Condition,
        superuser: Option<Record>,
    ) -> Result<Found> {
        self.all(Query { kind, paging, condition, superuser, sort_bytes: SORT_BYTES }).await
    }

    /// Of all users one sees oneself.
    fn own(&self, user: Record, paging: &Paging, condition: &Condition) -> Found {
        let row = || Row::new(&user, self.schemas().of(Kind::Users));
        let asker = Asker { now: self.app.clock.now(), row: Some(row()), is_superuser: false };
        let is_found = condition.holds(&row(), &asker);
        drop(asker);
        Found::of(is_found.then_some(user), paging)
    }

    async fn all(&self, query: Query) -> Result<Found> {
        let app = &self.app;
        if let Some(filter) = &query.condition.filter
            && let Some(only) = pinned(app, query.kind, filter).await?
        {
            let asker = query.asker(app, self.schemas());
            let schema = self.schemas().of(query.kind);
            let only = only.filter(|record| query.condition.holds(&Row::new(record, schema), &asker));
            return Ok(Found::of(only, &query.paging));
        }
        let (kind, is_whole) = (query.kind, query.condition.filter.is_none());
        let mut found = match self.look(query).await? {
            Seen::Records(found) => found,
            Seen::Ids(ids, total) => {
                let mut records = Vec::with_capacity(ids.len());
                for id in &ids {
                    // What is gone meanwhile is not shown.
                    records.extend(by_id(app, kind, id).await?);
                }
                Found { records, total }
            }
        };
        if is_whole && kind == Kind::Users {
            found.total = app.store.count_users().await?;
        }
        Ok(found)
    }

    async fn look(&self, query: Query) -> Result<Seen> {
        let place = Arc::clone(&self.scans).acquire_owned().await.map_err(Error::internal)?;
        let (app, schemas) = (Arc::clone(&self.app), Arc::clone(self.schemas()));
        let look = move || {
            // Held to the end, even if whoever asked has gone away.
            let _place = place;
            look(&app, &schemas, &query)
        };
        Ok(tokio::task::spawn_blocking(look).await.map_err(Error::internal)??)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::domain::{IdType, Name, NewUser, Superuser, TokenKey};
    use crate::random::Random;
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
        let app =
            App::new(Config::default(), &Location::memory(), Clock::System, Random::seeded(1)).await.unwrap();
        let user = |n: u64| {
            let id = RecordId::parse(&format!("u{:014}", n * 7919 % 10_007)).unwrap();
            let openid = OpenId::parse(&format!("o_{n}")).unwrap();
            let key = TokenKey::new([7; 16]);
            let new = NewUser::new(id, openid, IdType::WeChat, uuid::Uuid::nil(), key, Timestamp::UNIX_EPOCH);
            let name = Name::parse(&format!("n{}", n * 31 % 17)).unwrap();
            Write::InsertUser(new.with(|user| user.name = name.into()))
        };
        app.store.write((1..=users).map(user).collect(), Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
        app
    }

    #[tokio::test]
    async fn pages_are_the_same_however_little_may_be_kept() {
        let app = app_with(300).await;
        let schemas = Schemas::new(app.collections());
        let page = |sort: &str, page, per_page, sort_bytes| {
            let condition =
                Condition::parse("users_name != 'n3'", sort, schemas.of(Kind::Users), true).unwrap();
            let paging = Paging { page, per_page, skip_total: false };
            let query =
                Query { kind: Kind::Users, paging, condition, superuser: Some(superuser()), sort_bytes };
            match look(&app, &schemas, &query).unwrap() {
                Seen::Ids(ids, total) => (ids, total),
                Seen::Records(_) => panic!("not by an index"),
            }
        };
        for sort in ["users_name", "-users_name,openid", "@rowid"] {
            let (all, total) = page(sort, 1, 1000, SORT_BYTES);
            assert_eq!((all.len() as u64, total), (283, 283));
            for sort_bytes in [1, 2_000, 10_000] {
                let pages: Vec<_> = (1..=6).flat_map(|n| page(sort, n, 50, sort_bytes).0).collect();
                assert_eq!(pages, all, "{sort} in {sort_bytes}");
                assert_eq!(page(sort, 7, 50, sort_bytes), (Vec::new(), 283));
            }
        }
    }
}
