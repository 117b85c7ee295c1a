//! Audit events to be written, and the oldest that go.

use tokio_postgres::Error as PgError;

use super::columns::column_number;
use super::event_set::EventSet;
use super::pipeline::Pipeline;
use super::session::Session;
use super::statements as sql;
use crate::domain::Origin;
use crate::store::{Error, stored};

/// Events to be written, as columns.
#[derive(Default)]
pub struct EventRows {
    added: Rows,
    recounted: Rows,
    origins: Vec<i16>,
    parties: Vec<String>,
    surplus: Vec<i64>,
    most: i64,
}

#[derive(Default)]
struct Rows {
    origins: Vec<i16>,
    times: Vec<i64>,
    numbers: Vec<i64>,
    parties: Vec<Option<String>>,
    events: Vec<Vec<u8>>,
}

impl EventRows {
    /// The events of a working set.
    ///
    /// # Errors
    /// [`Error::Failed`] when one cannot be encoded.
    pub fn new(set: &EventSet) -> Result<Self, Error> {
        let mut rows = Self::default();
        for new in &set.added {
            rows.added.origins.push(new.origin as i16);
            rows.added.times.push(new.id.at_ms);
            rows.added.numbers.push(column_number(new.id.number));
            rows.added.parties.push(new.party.clone());
            rows.added
                .events
                .push(stored::encode_event(new.id, &new.event)?);
        }
        for (id, event) in set.recounted() {
            rows.recounted.times.push(id.at_ms);
            rows.recounted.numbers.push(column_number(id.number));
            rows.recounted.events.push(stored::encode_event(id, event)?);
        }
        for ((origin, party), surplus) in &set.surplus {
            rows.origins.push(*origin);
            rows.parties.push(party.clone());
            rows.surplus.push(*surplus);
            rows.most = rows.most.max(*surplus);
        }
        Ok(rows)
    }

    /// Sends the statements.
    pub fn send<'a>(&'a self, sent: &mut Pipeline<'a>) {
        let added = &self.added;
        if !added.times.is_empty() {
            sent.query(
                sql::INSERT_EVENTS,
                vec![
                    &added.origins,
                    &added.times,
                    &added.numbers,
                    &added.parties,
                    &added.events,
                ],
            );
        }
        let recounted = &self.recounted;
        if !recounted.times.is_empty() {
            sent.query(
                sql::UPDATE_EVENTS,
                vec![&recounted.times, &recounted.numbers, &recounted.events],
            );
        }
        if !self.parties.is_empty() {
            sent.query(
                sql::DELETE_OF_PARTIES,
                vec![&self.origins, &self.parties, &self.surplus, &self.most],
            );
        }
    }
}

/// Removes some of the oldest events that are beyond the bounds, and counts them off.
pub async fn drop_events(session: &Session, set: &mut EventSet) -> Result<(), PgError> {
    let Some(bounds) = set.bounds else {
        return Ok(());
    };
    let share = column_number(bounds.share());
    for &origin in Origin::ALL {
        let total = set.totals[origin as usize];
        let number = origin as i16;
        let since = bounds.since.as_millisecond();
        let steps = set.steps;
        let old = session
            .execute(sql::DELETE_OLDER, &[&number, &since, &steps])
            .await?;
        let total = total - column_number(old);
        let surplus = (total - share).clamp(0, (steps - column_number(old)).max(0));
        let oldest = match surplus {
            0 => 0,
            surplus => {
                session
                    .execute(sql::DELETE_OLDEST, &[&number, &surplus])
                    .await?
            }
        };
        set.totals[origin as usize] = total - column_number(oldest);
    }
    Ok(())
}

/// Writes how many events of each origin there are, and the newest number.
pub async fn write_event_totals(session: &Session, set: &EventSet) -> Result<(), PgError> {
    for &origin in Origin::ALL {
        let (place, total) = (origin as i16, set.totals[origin as usize]);
        session
            .execute(sql::WRITE_EVENT_TOTAL, &[&place, &total, &set.number])
            .await?;
    }
    Ok(())
}
