//! Adding events and searching them.

use std::iter::Rev;

use jiff::Timestamp;
use redb::{AccessGuard, Range, ReadTransaction, StorageError};

use super::file_store::FileStore;
use super::tables::EVENTS;
use crate::domain::{EventId, EventSearch};
use crate::store::stored;
use crate::store::{Error, EventBounds, FoundEvents, NewEvent};

type Entry<'a> = (AccessGuard<'a, (i64, u64)>, AccessGuard<'a, &'static [u8]>);
/// Events of an origin, from the newest back.
type Backwards<'a> = Rev<Range<'a, (i64, u64), &'static [u8]>>;
/// The newest event of an origin that was not looked at.
type Head<'a> = (EventId, AccessGuard<'a, &'static [u8]>);

impl FileStore {
    pub(in crate::store) async fn add_events(
        &self,
        events: Vec<NewEvent>,
        bounds: EventBounds,
    ) -> Result<Vec<EventId>, Error> {
        self.writer
            .write(move |tables| tables.add_events(&events, &bounds))
            .await
    }

    pub(in crate::store) fn events(&self, wanted: &EventSearch) -> Result<FoundEvents, Error> {
        self.engine.read(|txn| search(txn, wanted))
    }
}

/// The wanted events of all origins, newest first.
fn search(txn: &ReadTransaction, wanted: &EventSearch) -> Result<FoundEvents, Error> {
    let mut found = FoundEvents::default();
    let mut events = NewestFirst::new(txn, wanted)?;
    let mut steps = wanted.steps.unwrap_or(usize::MAX);
    while found.events.len() < wanted.limit {
        if steps == 0 {
            found.rest = events.newest().map(|(id, _)| id.next());
            break;
        }
        let Some((id, bytes)) = events.next()? else {
            break;
        };
        let event = stored::decode_wanted_event(id, bytes.value(), wanted)?;
        found.events.extend(event.map(|event| (id, event)));
        steps -= 1;
    }
    Ok(found)
}

/// Events of all origins in one order.
struct NewestFirst<'a> {
    ranges: Vec<Backwards<'a>>,
    /// Of each origin the newest that was not given yet.
    heads: Vec<Option<Head<'a>>>,
}

impl<'a> NewestFirst<'a> {
    /// The events of the time that is wanted.
    fn new(txn: &ReadTransaction, wanted: &EventSearch) -> Result<Self, Error> {
        let (from, to) = range(wanted);
        let mut it = Self {
            ranges: Vec::new(),
            heads: Vec::new(),
        };
        if from >= to {
            return Ok(it);
        }
        for events in EVENTS {
            let mut range = txn.open_table(events)?.range(from..to)?.rev();
            it.heads.push(head(range.next())?);
            it.ranges.push(range);
        }
        Ok(it)
    }

    /// The next one, and the place of its origin.
    fn newest(&self) -> Option<(EventId, usize)> {
        let heads = self.heads.iter().enumerate();
        heads
            .filter_map(|(n, head)| Some((head.as_ref()?.0, n)))
            .max()
    }

    fn next(&mut self) -> Result<Option<Head<'a>>, Error> {
        let Some((_, n)) = self.newest() else {
            return Ok(None);
        };
        let next = head(self.ranges[n].next())?;
        Ok(std::mem::replace(&mut self.heads[n], next))
    }
}

fn head(entry: Option<Result<Entry<'_>, StorageError>>) -> Result<Option<Head<'_>>, Error> {
    let Some(entry) = entry else { return Ok(None) };
    let (key, bytes) = entry?;
    let (at_ms, number) = key.value();
    Ok(Some((EventId { at_ms, number }, bytes)))
}

/// The keys from the first to the second, without the second.
fn range(wanted: &EventSearch) -> ((i64, u64), (i64, u64)) {
    let from = wanted.since.map_or(i64::MIN, Timestamp::as_millisecond);
    let until = wanted.until.map_or(i64::MAX, Timestamp::as_millisecond);
    let before = wanted
        .before
        .map_or((i64::MAX, 0), |id| (id.at_ms, id.number));
    ((from, 0), (until, 0).min(before))
}
