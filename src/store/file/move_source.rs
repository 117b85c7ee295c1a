//! Reading all that a file holds, for a move.

use std::ops::Bound;

use redb::ReadableTableMetadata as _;

use super::file_store::FileStore;
use super::tables::{
    AVATARS, COMPANIES, EVENTS, META, META_COMMITS, META_COMPANY_NUMBER, META_EVENT_NUMBER,
    META_MESSAGE_NUMBER, META_SUPERUSER_NUMBER, META_USER_NUMBER, MessageKey, OUTBOX, SUPERUSERS,
    USERS, read_number,
};
use crate::domain::{EventId, HookId, Origin, RecordId};
use crate::store::moving::{MovedAvatar, MovedEvent, MovedMessage, Numbers};
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

    /// At most `limit` pictures behind that of a user.
    pub(in crate::store) fn avatars_after(
        &self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<MovedAvatar>, Error> {
        self.engine.read(|txn| {
            let behind = after.map_or(Bound::Unbounded, |id| Bound::Excluded(id.as_str()));
            let avatars = txn.open_table(AVATARS)?;
            let mut found = Vec::new();
            for entry in avatars
                .range::<&str>((behind, Bound::Unbounded))?
                .take(limit)
            {
                let (id, bytes) = entry?;
                let avatar = stored::decode_avatar(id.value(), bytes.value())?;
                let user = RecordId::parse(id.value())
                    .ok_or_else(|| Error::Damaged("an avatar of no user".into()))?;
                found.push(MovedAvatar { user, avatar });
            }
            Ok(found)
        })
    }

    /// At most `limit` messages behind a place.
    pub(in crate::store) fn messages_after(
        &self,
        after: Option<(HookId, u64)>,
        limit: usize,
    ) -> Result<Vec<MovedMessage>, Error> {
        self.engine.read(|txn| {
            let behind = after.map_or(Bound::Unbounded, |(hook, number)| {
                Bound::Excluded((hook.0, number))
            });
            let outbox = txn.open_table(OUTBOX)?;
            let mut found = Vec::new();
            for entry in outbox
                .range::<MessageKey>((behind, Bound::Unbounded))?
                .take(limit)
            {
                let (key, bytes) = entry?;
                let (hook, number) = key.value();
                let hook = HookId(hook);
                let event = stored::decode_message(hook, number, bytes.value())?;
                found.push(MovedMessage {
                    hook,
                    number,
                    event,
                });
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
                messages: read_number(&meta, META_MESSAGE_NUMBER)?,
            })
        })
    }

    /// Number of records and events.
    pub(in crate::store) fn count_items(&self) -> Result<u64, Error> {
        self.engine.read(|txn| {
            let mut count = 0;
            for table in [USERS, COMPANIES, SUPERUSERS, AVATARS] {
                count += txn.open_table(table)?.len()?;
            }
            for table in EVENTS {
                count += txn.open_table(table)?.len()?;
            }
            count += txn.open_table(OUTBOX)?.len()?;
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
