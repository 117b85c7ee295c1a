//! Adding events and searching them.

use jiff::Timestamp;
use redb::{AccessGuard, ReadTransaction, StorageError};

use super::file_store::FileStore;
use super::stored;
use super::tables::EVENTS;
use crate::domain::{AuditEvent, EventId, EventSearch};
use crate::store::{Error, EventBounds, NewEvent};

type Entry<'a> = (AccessGuard<'a, (i64, u64)>, AccessGuard<'a, &'static [u8]>);

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

    pub(in crate::store) fn events(
        &self,
        wanted: &EventSearch,
    ) -> Result<Vec<(EventId, AuditEvent)>, Error> {
        self.engine.read(|txn| search(txn, wanted))
    }
}

/// The wanted events of all origins, newest first.
fn search(
    txn: &ReadTransaction,
    wanted: &EventSearch,
) -> Result<Vec<(EventId, AuditEvent)>, Error> {
    let (from, to) = range(wanted);
    let mut found = Vec::new();
    if from >= to {
        return Ok(found);
    }
    let tables = EVENTS
        .iter()
        .map(|events| txn.open_table(*events))
        .collect::<Result<Vec<_>, _>>()?;
    let ranges = tables.iter().map(|table| Ok(table.range(from..to)?.rev()));
    let mut ranges = ranges.collect::<Result<Vec<_>, Error>>()?;
    let heads = ranges.iter_mut().map(|range| head(range.next()));
    let mut heads = heads.collect::<Result<Vec<_>, Error>>()?;
    while found.len() < wanted.limit {
        let newest = heads
            .iter()
            .enumerate()
            .filter_map(|(n, head)| Some((head.as_ref()?.0, n)))
            .max();
        let Some((_, n)) = newest else { break };
        let next = head(ranges[n].next())?;
        let newest = std::mem::replace(&mut heads[n], next);
        found.extend(newest.filter(|(_, event)| wanted.wants(event)));
    }
    Ok(found)
}

fn head(
    entry: Option<Result<Entry<'_>, StorageError>>,
) -> Result<Option<(EventId, AuditEvent)>, Error> {
    let Some(entry) = entry else { return Ok(None) };
    let (key, bytes) = entry?;
    let (at_ms, number) = key.value();
    let id = EventId { at_ms, number };
    Ok(Some((id, stored::decode_event(id, bytes.value())?)))
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
