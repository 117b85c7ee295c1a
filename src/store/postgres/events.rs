//! Adding events and searching them.

use super::columns::column_number;
use super::postgres_store::PostgresStore;
use super::rows::{column, number};
use super::statements as sql;
use super::wants::Wants;
use crate::domain::{EventId, EventSearch};
use crate::store::{Error, EventBounds, FoundEvents, NewEvent, stored};

/// Events that are read at once.
const PAGE: usize = 2_000;

impl PostgresStore {
    pub(in crate::store) async fn add_events(
        &self,
        events: Vec<NewEvent>,
        bounds: EventBounds,
    ) -> Result<Vec<EventId>, Error> {
        let wants = Wants::of_events(&events);
        self.writer
            .write(wants, move |set| Ok(set.events.add(&events, bounds)))
            .await
    }

    pub(in crate::store) async fn events(
        &self,
        wanted: &EventSearch,
    ) -> Result<FoundEvents, Error> {
        let mut found = FoundEvents::default();
        let mut before = first_place(wanted);
        let mut steps = wanted.steps.unwrap_or(usize::MAX);
        while found.events.len() < wanted.limit {
            let page = self
                .page_before(before, wanted, steps.saturating_add(1))
                .await?;
            let is_last = page.len() < PAGE;
            for (id, bytes) in page {
                if found.events.len() == wanted.limit {
                    return Ok(found);
                }
                if steps == 0 {
                    found.rest = Some(id.next());
                    return Ok(found);
                }
                steps -= 1;
                before = (id.at_ms, column_number(id.number));
                let event = stored::decode_wanted_event(id, &bytes, wanted)?;
                found.events.extend(event.map(|event| (id, event)));
            }
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    async fn page_before(
        &self,
        before: (i64, i64),
        wanted: &EventSearch,
        most: usize,
    ) -> Result<Vec<(EventId, Vec<u8>)>, Error> {
        let since = wanted
            .since
            .map_or(i64::MIN, jiff::Timestamp::as_millisecond);
        let limit = column_number(PAGE.min(most) as u64);
        let rows = self
            .lists
            .query(sql::EVENTS_BEFORE, &[&before.0, &before.1, &since, &limit])
            .await?;
        rows.iter()
            .map(|row| {
                let id = EventId {
                    at_ms: column(row, 1)?,
                    number: number(row, 2)?,
                };
                Ok((id, column(row, 3)?))
            })
            .collect()
    }
}

/// The place before which the search begins.
fn first_place(wanted: &EventSearch) -> (i64, i64) {
    let until = wanted
        .until
        .map_or(i64::MAX, jiff::Timestamp::as_millisecond);
    let before = wanted
        .before
        .map_or((i64::MAX, 0), |id| (id.at_ms, column_number(id.number)));
    before.min((until, 0))
}
