//! Verification of a database: every record can be read, columns say what records say, and what is counted is there.
//!
//! All is read in one snapshot, page by page, so that servers may go on meanwhile.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::checked_totals::CheckedTotals;
use super::columns::{column_number, email, name_begin, phone};
use super::errors::{Remedy, failed, remedy, words};
use super::postgres_store::PostgresStore;
use super::record_rows::key;
use super::rows::{column, number, record};
use super::session::{Params, Session};
use super::state_values;
use super::statements as sql;
use crate::domain::{EventId, EventKind, HookId, Kind, Origin, User};
use crate::store::file::Contents;
use crate::store::{Error, stored};

/// Rows that are read at once, and the same as a value of a statement.
const ROWS: usize = 1_000;
const PAGE: i64 = 1_000;
/// Pictures that are read at once: they are large.
const AVATARS_PAGE: i64 = 64;

impl PostgresStore {
    /// Reads every user, company, superuser and event; what there is.
    ///
    /// # Errors
    /// [`Error::Damaged`] with the first thing that is wrong; [`Error::Unavailable`]; [`Error::Failed`].
    pub async fn check(&self) -> Result<Contents, Error> {
        let snapshot = Snapshot::begin(self.session_with_leader().await?).await?;
        state_values::read(&snapshot.rows(sql::STATE, &[]).await?)?;
        let mut seen = CheckedTotals::default();
        snapshot.check_users(&mut seen).await?;
        for kind in [Kind::Companies, Kind::Superusers] {
            snapshot.check_keyed(kind, &mut seen).await?;
        }
        snapshot.check_avatars(&mut seen).await?;
        snapshot.check_messages(&mut seen).await?;
        snapshot.check_events(&mut seen).await?;
        seen.ensure_counted(
            snapshot.rows(sql::CHECK_TOTALS, &[]).await?.first(),
            &snapshot.rows(sql::CHECK_EVENT_TOTALS, &[]).await?,
        )?;
        Ok(Contents {
            made: None,
            users: seen.users,
            companies: seen.companies,
            superusers: seen.superusers,
            events: seen.events.iter().sum(),
            avatars: seen.avatars,
        })
    }
}

/// The database as it was at one time.
struct Snapshot(Session);

impl Snapshot {
    async fn begin(session: Session) -> Result<Self, Error> {
        for statement in [sql::WAIT_FOR_US, sql::BEGIN_SNAPSHOT] {
            let run = session.run(statement).await;
            run.map_err(|error| unread(&error))?;
        }
        Ok(Self(session))
    }

    async fn rows(&self, statement: &'static str, params: Params<'_>) -> Result<Vec<Row>, Error> {
        let rows = self.0.query(statement, params).await;
        rows.map_err(|error| unread(&error))
    }

    async fn check_users(&self, seen: &mut CheckedTotals) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let page = self.rows(sql::CHECK_USERS, &[&after, &PAGE]).await?;
            for row in &page {
                seen.see_user(&checked_user(row)?);
            }
            match last_of_full(&page) {
                Some(last) => after = column(last, 0)?,
                None => return Ok(()),
            }
        }
    }

    async fn check_keyed(&self, kind: Kind, seen: &mut CheckedTotals) -> Result<(), Error> {
        let statement = match kind {
            Kind::Companies => sql::CHECK_COMPANIES,
            _ => sql::CHECK_SUPERUSERS,
        };
        let mut after = String::new();
        loop {
            let page = self.rows(statement, &[&after, &PAGE]).await?;
            for row in &page {
                let record = record(kind, row)?;
                let place = Place::new(kind.name(), record.id().as_str());
                place.ensure(row, 2, &column_number(record.number()))?;
                place.ensure(row, 3, &key(&record))?;
                seen.see_keyed(kind, record.number());
            }
            match last_of_full(&page) {
                Some(last) => after = column(last, 0)?,
                None => return Ok(()),
            }
        }
    }

    async fn check_avatars(&self, seen: &mut CheckedTotals) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let page = self
                .rows(sql::CHECK_AVATARS, &[&after, &AVATARS_PAGE])
                .await?;
            for row in &page {
                seen.see_avatar(checked_avatar(row)?);
            }
            match page.last() {
                Some(last) => after = column(last, 0)?,
                None => return Ok(()),
            }
        }
    }

    async fn check_messages(&self, seen: &mut CheckedTotals) -> Result<(), Error> {
        let mut after = (-1_i64, 0_i64);
        loop {
            let page = self
                .rows(sql::CHECK_MESSAGES, &[&after.0, &after.1, &PAGE])
                .await?;
            for row in &page {
                let (hook, number) = (HookId(number(row, 0)?), number(row, 1)?);
                stored::decode_message(hook, number, column(row, 2)?)?;
                seen.see_message(number);
            }
            match last_of_full(&page) {
                Some(last) => after = (column(last, 0)?, column(last, 1)?),
                None => return Ok(()),
            }
        }
    }

    async fn check_events(&self, seen: &mut CheckedTotals) -> Result<(), Error> {
        let mut after = (i64::MIN, i64::MIN);
        loop {
            let page = self
                .rows(sql::CHECK_EVENTS, &[&after.0, &after.1, &PAGE])
                .await?;
            for row in &page {
                let (origin, id) = checked_event(row)?;
                seen.see_event(origin, id);
            }
            match last_of_full(&page) {
                Some(last) => after = (column(last, 0)?, column(last, 1)?),
                None => return Ok(()),
            }
        }
    }
}

/// The last row, if there may be more behind it.
fn last_of_full(page: &[Row]) -> Option<&Row> {
    page.last().filter(|_| page.len() == ROWS)
}

/// The user of a row of id, record, number and what users are looked up by.
fn checked_user(row: &Row) -> Result<User, Error> {
    let user = stored::decode_user(column(row, 0)?, column(row, 1)?)?;
    let place = Place::new(Kind::Users.name(), user.id.as_str());
    place.ensure(row, 2, &column_number(user.number.0))?;
    place.ensure(row, 3, &user.openid.as_str())?;
    place.ensure(row, 4, &phone(&user))?;
    place.ensure(row, 5, &email(&user))?;
    place.ensure(row, 6, &name_begin(&user.name))?;
    place.ensure(row, 7, &user.created.as_millisecond())?;
    Ok(user)
}

/// Bytes of the picture in a row of user, picture, name, bytes and number of such users.
fn checked_avatar(row: &Row) -> Result<u64, Error> {
    let id: &str = column(row, 0)?;
    let avatar = stored::decode_avatar(id, column(row, 1)?)?;
    let bytes = avatar.bytes.len() as u64;
    let place = Place::new("avatars", id);
    place.ensure(row, 2, &avatar.name.as_str())?;
    place.ensure(row, 3, &column_number(bytes))?;
    match number(row, 4)? {
        1 => Ok(bytes),
        _ => Err(Error::Damaged(format!(
            "the avatar of user {id} has no user"
        ))),
    }
}

/// Origin and place of the event in a row of place, origin, party and event.
fn checked_event(row: &Row) -> Result<(Origin, EventId), Error> {
    let id = EventId {
        at_ms: column(row, 0)?,
        number: number(row, 1)?,
    };
    let event = stored::decode_event(id, column(row, 4)?)?;
    let name = id.to_string();
    let place = Place::new("events", &name);
    // An event that counts lost ones is where these would be.
    if event.kind != EventKind::Lost {
        place.ensure(row, 2, &(event.origin() as i16))?;
    }
    let number: i16 = column(row, 2)?;
    let origin = Origin::ALL
        .iter()
        .find(|origin| **origin as i16 == number)
        .ok_or_else(|| place.damaged("origin"))?;
    place.ensure(row, 3, &event.party(*origin))?;
    Ok((*origin, id))
}

/// A row in messages.
struct Place<'a> {
    table: &'static str,
    id: &'a str,
}

impl<'a> Place<'a> {
    fn new(table: &'static str, id: &'a str) -> Self {
        Self { table, id }
    }

    /// Makes sure that the column is what the record says. No value is told: it may be a phone.
    fn ensure<'r, T: FromSql<'r> + PartialEq>(
        &self,
        row: &'r Row,
        place: usize,
        expected: &T,
    ) -> Result<(), Error> {
        let found: T = column(row, place)?;
        match found == *expected {
            true => Ok(()),
            false => Err(self.damaged(row.columns()[place].name())),
        }
    }

    fn damaged(&self, column: &str) -> Error {
        Error::Damaged(format!(
            "the column {column} of {} in {} is not what its record says",
            self.id, self.table
        ))
    }
}

/// The error of a statement that was not answered.
fn unread(error: &tokio_postgres::Error) -> Error {
    match remedy(error) {
        Remedy::None => failed(error),
        Remedy::Again | Remedy::Reconnect => Error::Unavailable(words(error)),
    }
}
