//! Finding the records of a page: by an index where the filter names one record, and else by looking at them (`scan`).

pub mod condition;
pub mod paging;
mod scan;
pub mod slots;
mod top_k;

use std::sync::Arc;

use jiff::Timestamp;

use self::condition::{Asker, Condition};
use self::paging::Paging;
use self::scan::{Seen, look};
use crate::app::App;
use crate::auth::Principal;
use crate::domain::{Actor, Kind, OpenId, Phone, RecordId};
use crate::error::{Error, Result};
use crate::filter::{Budget, Filter, TooCostly};
use crate::pocketbase::Context;
use crate::pocketbase::error::Refused;
use crate::pocketbase::operator::Failure;
use crate::records::filter_record::FilterRecord;
use crate::records::list::slots::SORT_BYTES;
use crate::records::schema::Schemas;
use crate::store::{self, Record};

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
        Self {
            records: if paging.page == 1 {
                only.into_iter().collect()
            } else {
                Vec::new()
            },
            total,
        }
    }
}

/// The reasons for which there is no list.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The filter compares too much text of a record.
    #[error(transparent)]
    TooCostly(#[from] TooCostly),
    /// An error of ours, or too many lists at once.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<store::Error> for ListError {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ListError> for poem::Error {
    fn from(error: ListError) -> Self {
        match error {
            ListError::TooCostly(_) => Refused::COSTLY_FILTER.into(),
            ListError::Failed(error) => error.into(),
        }
    }
}

impl From<ListError> for Failure {
    fn from(error: ListError) -> Self {
        match error {
            ListError::TooCostly(_) => Refused::COSTLY_FILTER.into(),
            ListError::Failed(error) => error.into(),
        }
    }
}

/// A list of a collection.
pub struct Query {
    pub kind: Kind,
    pub paging: Paging,
    pub condition: Condition,
    /// The record of whoever asks; the operator has none.
    pub asker: Option<Record>,
    /// What may be kept of the records that were seen, in bytes.
    pub sort_bytes: usize,
}

impl Query {
    /// The asker as filters see it.
    pub fn asker<'a>(&'a self, now: Timestamp, schemas: &'a Schemas) -> Asker<'a> {
        let row = self
            .asker
            .as_ref()
            .map(|record| FilterRecord::new(record, schemas.of(record.kind())));
        Asker {
            now,
            row,
            is_superuser: !matches!(self.asker, Some(Record::User(_))),
        }
    }

    /// Whoever asks, in whose turn the list is found.
    fn actor(&self) -> Actor {
        match &self.asker {
            Some(Record::User(user)) => Actor::User(user.id.clone()),
            Some(Record::Superuser(superuser)) => Actor::Superuser(superuser.id.clone()),
            Some(Record::Company(_)) | None => Actor::Operator,
        }
    }

    /// Whether the filter holds for `record`.
    ///
    /// # Errors
    /// [`TooCostly`] when `budget` does not reach.
    fn holds(
        &self,
        record: &Record,
        now: Timestamp,
        schemas: &Schemas,
        budget: &Budget,
    ) -> Result<bool, TooCostly> {
        let row = FilterRecord::new(record, schemas.of(self.kind));
        self.condition
            .holds(&row, &self.asker(now, schemas), budget)
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
                return Ok(Some(
                    store
                        .company_by_company_id(value)
                        .await?
                        .map(Record::Company),
                ));
            }
            (Kind::Superusers, "email") => {
                return Ok(Some(
                    store
                        .superuser_by_email(value)
                        .await?
                        .map(Record::Superuser),
                ));
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

impl Context {
    /// The page of a list that `who` may see.
    ///
    /// # Errors
    /// [`ListError`].
    pub async fn list(
        &self,
        who: Option<Principal>,
        kind: Kind,
        paging: Paging,
        condition: Condition,
    ) -> Result<Found, ListError> {
        match who {
            None => Ok(Found::default()),
            // Of all users one sees oneself.
            Some(who @ Principal::User(_)) => {
                let user = Record::from(who);
                let asker = Some(user.clone());
                self.one(
                    Query {
                        kind,
                        paging,
                        condition,
                        asker,
                        sort_bytes: SORT_BYTES,
                    },
                    user,
                )
                .await
            }
            Some(who) => {
                self.list_all(kind, paging, condition, Some(who.into()))
                    .await
            }
        }
    }

    /// The page of a list for somebody who may see everything: a superuser, or else the operator.
    ///
    /// # Errors
    /// [`ListError`].
    pub async fn list_all(
        &self,
        kind: Kind,
        paging: Paging,
        condition: Condition,
        superuser: Option<Record>,
    ) -> Result<Found, ListError> {
        let query = Query {
            kind,
            paging,
            condition,
            asker: superuser,
            sort_bytes: SORT_BYTES,
        };
        if let Some(filter) = &query.condition.filter
            && let Some(only) = pinned(&self.app, kind, filter).await?
        {
            return match only {
                Some(record) => Box::pin(self.one(query, record)).await,
                None => Ok(Found::default()),
            };
        }
        Box::pin(self.many(query)).await
    }

    /// The page of a list of which only `record` can be.
    async fn one(&self, query: Query, record: Record) -> Result<Found, ListError> {
        let (now, schemas) = (self.app.clock.now(), self.records.schemas());
        self.evaluate(query.actor(), move |budget| {
            let only = query
                .holds(&record, now, &schemas, budget)?
                .then(|| record.clone());
            Ok(Found::of(only, &query.paging))
        })
        .await
    }

    async fn many(&self, query: Query) -> Result<Found, ListError> {
        let app = &self.app;
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

    async fn look(&self, query: Query) -> Result<Seen, ListError> {
        let pace = self.records.places.list(query.actor()).await?;
        let (app, schemas) = (Arc::clone(&self.app), self.records.schemas());
        // The place is held to the end, even if whoever asked has gone away.
        let look = move || look(&app, &schemas, &query, &pace);
        tokio::task::spawn_blocking(look)
            .await
            .map_err(Error::internal)?
    }

    /// The finding of `evaluation` for `actor`: here, if that takes some microseconds, and else in turn, on a thread that nobody
    /// waits for.
    ///
    /// # Errors
    /// [`ListError`].
    pub async fn evaluate<T, F>(&self, actor: Actor, evaluation: F) -> Result<T, ListError>
    where
        T: Send + 'static,
        F: Fn(&Budget) -> Result<T, TooCostly> + Send + 'static,
    {
        if let Ok(found) = evaluation(&Budget::new(Budget::INLINE)) {
            return Ok(found);
        }
        let turn = self.records.places.turn(actor).await?;
        let whole = move || {
            let _turn = turn;
            evaluation(&Budget::new(Budget::EVALUATION))
        };
        Ok(tokio::task::spawn_blocking(whole)
            .await
            .map_err(Error::internal)??)
    }
}
