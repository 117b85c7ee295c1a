//! Reading all that a file holds, for a move.

use std::ops::Bound;

use redb::ReadableTableMetadata as _;

use super::file_store::FileStore;
use super::tables::{
    COMPANIES, EVENTS, META, META_COMMITS, META_COMPANY_NUMBER, META_EVENT_NUMBER,
    META_SUPERUSER_NUMBER, META_USER_NUMBER, SUPERUSERS, USERS, read_number,
};
use crate::domain::{EventId, Origin};
use crate::store::moving::{MovedEvent, Numbers};
use crate::store::{Error, stored};

impl FileStore {
    /// At most `limit` events of an origin behind a place.
    pub(in crate::store) fn events_after(
        &self,
        origin: Origin,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<MovedEvent>, Error> {
        self.engine.read(|txn| {
            let behind = after.map_or(Bound::Unbounded, |id| {
                Bound::Excluded((id.at_ms, id.number))
            });
            let events = txn.open_table(EVENTS[origin as usize])?;
            let mut found = Vec::new();
            for entry in events
                .range::<(i64, u64)>((behind, Bound::Unbounded))?
                .take(limit)
            {
                let (key, bytes) = entry?;
                let (at_ms, number) = key.value();
                let id = EventId { at_ms, number };
                let event = stored::decode_event(id, bytes.value())?;
                found.push(MovedEvent { origin, id, event });
            }
            Ok(found)
        })
    }

    /// The newest numbers.
    pub(in crate::store) fn newest_numbers(&self) -> Result<Numbers, Error> {
        self.engine.read(|txn| {
            let meta = txn.open_table(META)?;
            Ok(Numbers {
                users: read_number(&meta, META_USER_NUMBER)?,
                companies: read_number(&meta, META_COMPANY_NUMBER)?,
                superusers: read_number(&meta, META_SUPERUSER_NUMBER)?,
                events: read_number(&meta, META_EVENT_NUMBER)?,
            })
        })
    }

    /// Number of records and events.
    pub(in crate::store) fn count_items(&self) -> Result<u64, Error> {
        self.engine.read(|txn| {
            let mut count = 0;
            for table in [USERS, COMPANIES, SUPERUSERS] {
                count += txn.open_table(table)?.len()?;
            }
            for table in EVENTS {
                count += txn.open_table(table)?.len()?;
            }
            Ok(count)
        })
    }

    /// A text that is another one after each commit.
    pub(in crate::store) fn version(&self) -> Result<String, Error> {
        let commits = self
            .engine
            .read(|txn| read_number(&txn.open_table(META)?, META_COMMITS))?;
        Ok(format!("commit {commits}"))
    }
}
