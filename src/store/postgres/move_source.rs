//! Reading all that a database holds, for a move.

use std::sync::Arc;

use tokio_postgres::Row;

use super::columns::column_number;
use super::errors::failed;
use super::hosts::Hosts;
use super::idle::{Seen, ensure_idle};
use super::move_statements as moves_sql;
use super::rows::{column, number, record};
use super::session::{Params, Session};
use super::totals::Totals;
use super::{checks, migration, moves, state_values, statements as sql};
use crate::clock::Clock;
use crate::config::Url;
use crate::domain::{EventId, HookId, Kind, Origin, RecordId};
use crate::store::moving::{MovedAvatar, MovedEvent, MovedMessage, Numbers};
use crate::store::{Error, Order, Record, Remembered, stored};

/// Reader of a database on which no server works.
pub struct PostgresReader {
    hosts: Arc<Hosts>,
    session: Session,
    seen: Seen,
}

impl PostgresReader {
    /// Opens the database, once no server works on it.
    ///
    /// # Errors
    /// [`Error::Address`]; [`Error::Unfit`]: one does, or there is no whole database; as [`migration::ensure_current`].
    pub async fn open(url: &Url, require_sync: bool, clock: &Clock) -> Result<Self, Error> {
        let hosts = Hosts::parse(url.expose())?;
        let session = hosts.any().await?;
        checks::ensure_fit(&session, hosts.name(), require_sync).await?;
        if migration::versions(&session).await?.is_none() {
            return Err(Error::Unfit {
                database: hosts.name().to_owned(),
                reason: "there is no database of bai in it".into(),
            });
        }
        migration::ensure_current(&hosts, &session).await?;
        moves::ensure_none(&session, hosts.name()).await?;
        let seen = ensure_idle(&session, hosts.name(), clock).await?;
        Ok(Self {
            hosts,
            session,
            seen,
        })
    }

    /// A reader of what a move has written.
    pub(super) async fn of_filled(hosts: &Arc<Hosts>, seen: &Seen) -> Result<Self, Error> {
        Ok(Self {
            hosts: Arc::clone(hosts),
            session: hosts.any().await?,
            seen: seen.clone(),
        })
    }

    async fn query(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        let rows = self.session.query(sql, params).await;
        rows.map_err(|error| failed(&error))
    }

    /// At most `limit` records behind one, by their ids, or users in the order of their creation.
    pub async fn records(
        &self,
        order: Order,
        after: Option<&Record>,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let limit = column_number(limit as u64);
        let (kind, rows) = match order {
            Order::ById(kind) => {
                let after = after.map_or("", |record| record.id().as_str());
                (kind, self.query(by_id(kind), &[&after, &limit]).await?)
            }
            Order::UsersByCreated { .. } => {
                let (created, number) = after.map_or((i64::MIN, 0), |record| {
                    let created = record.created().as_millisecond();
                    (created, column_number(record.number()))
                });
                let values: Params<'_> = &[&created, &number, &limit];
                let rows = self.query(sql::USERS_CREATED_AFTER, values).await?;
                (Kind::Users, rows)
            }
        };
        rows.iter().map(|row| record(kind, row)).collect()
    }

    /// At most `limit` events of an origin behind a place.
    pub async fn events(
        &self,
        origin: Origin,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<MovedEvent>, Error> {
        let (at_ms, newest) =
            after.map_or((i64::MIN, 0), |id| (id.at_ms, column_number(id.number)));
        let limit = column_number(limit as u64);
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&(origin as i16), &at_ms, &newest, &limit];
        let rows = self.query(moves_sql::EVENTS_AFTER, &values).await?;
        let moved = rows.iter().map(|row| {
            let id = EventId {
                at_ms: column(row, 0)?,
                number: number(row, 1)?,
            };
            let event = stored::decode_event(id, column(row, 2)?)?;
            Ok(MovedEvent { origin, id, event })
        });
        moved.collect()
    }

    /// At most `limit` pictures behind that of a user.
    pub async fn avatars(
        &self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<MovedAvatar>, Error> {
        let after = after.map_or("", RecordId::as_str);
        let limit = column_number(limit as u64);
        let rows = self
            .query(moves_sql::AVATARS_AFTER, &[&after, &limit])
            .await?;
        let moved = rows.iter().map(|row| {
            let id: &str = column(row, 0)?;
            let user =
                RecordId::parse(id).ok_or_else(|| Error::Damaged("an avatar of no user".into()))?;
            let avatar = stored::decode_avatar(id, column(row, 1)?)?;
            Ok(MovedAvatar { user, avatar })
        });
        moved.collect()
    }

    /// At most `limit` messages behind a place.
    pub async fn messages(
        &self,
        after: Option<(HookId, u64)>,
        limit: usize,
    ) -> Result<Vec<MovedMessage>, Error> {
        let (hook, newest) = after.map_or((-1, 0), |(hook, number)| {
            (column_number(hook.0), column_number(number))
        });
        let limit = column_number(limit as u64);
        let rows = self
            .query(moves_sql::MESSAGES_AFTER, &[&hook, &newest, &limit])
            .await?;
        let moved = rows.iter().map(|row| {
            let (hook, number) = (HookId(number(row, 0)?), number(row, 1)?);
            let event = stored::decode_message(hook, number, column(row, 2)?)?;
            Ok(MovedMessage {
                hook,
                number,
                event,
            })
        });
        moved.collect()
    }

    /// The state.
    pub async fn state(&self) -> Result<Remembered, Error> {
        state_values::read(&self.query(sql::STATE, &[]).await?)
    }

    /// The newest numbers.
    pub async fn numbers(&self) -> Result<Numbers, Error> {
        let totals = self.totals().await?;
        Ok(Numbers {
            users: totals.user_number.unsigned_abs(),
            companies: totals.company_number.unsigned_abs(),
            superusers: totals.superuser_number.unsigned_abs(),
            events: self.event_totals().await?.1,
            messages: totals.message.unsigned_abs(),
        })
    }

    /// Number of records and events.
    pub async fn count_items(&self) -> Result<u64, Error> {
        let totals = self.totals().await?;
        let records = totals.users + totals.companies + totals.superusers;
        let messages = self.query(moves_sql::COUNT_MESSAGES, &[]).await?;
        let messages = messages.first().map_or(Ok(0), |row| number(row, 0))?;
        let records = (records + totals.avatars).unsigned_abs();
        Ok(records + messages + self.event_totals().await?.0)
    }

    /// A text that is another one after each change.
    ///
    /// # Errors
    /// [`Error::Unfit`] when a server works on the database.
    pub async fn version(&self) -> Result<String, Error> {
        self.seen
            .ensure_same(&self.session, self.hosts.name())
            .await?;
        let totals = self.totals().await?;
        let events = self.event_totals().await?;
        Ok(format!(
            "change {}, state {}, avatars {} of {} bytes, message {}, events {} of {}",
            totals.change,
            totals.state,
            totals.avatars,
            totals.avatar_bytes,
            totals.message,
            events.0,
            events.1
        ))
    }

    async fn totals(&self) -> Result<Totals, Error> {
        let rows = self.query(moves_sql::ALL_TOTALS, &[]).await?;
        let row = rows.first();
        row.map_or_else(
            || Err(Error::Damaged("the row of totals is gone".into())),
            Totals::read,
        )
    }

    /// Number of events, and the newest number of one.
    async fn event_totals(&self) -> Result<(u64, u64), Error> {
        let rows = self.query(moves_sql::EVENT_COUNTS, &[]).await?;
        let mut totals = (0, 0);
        for row in &rows {
            totals.0 += number(row, 1)?;
            totals.1 = totals.1.max(number(row, 2)?);
        }
        Ok(totals)
    }
}

fn by_id(kind: Kind) -> &'static str {
    match kind {
        Kind::Users => sql::USERS_AFTER,
        Kind::Companies => sql::COMPANIES_AFTER,
        Kind::Superusers => sql::SUPERUSERS_AFTER,
    }
}
