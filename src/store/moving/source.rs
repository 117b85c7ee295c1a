//! Source of a move: all that a database holds, page by page.

use super::item::{MovedAvatar, MovedEvent, MovedMessage, Numbers};
use super::place::{MoveSettings, Place};
use crate::domain::{EventId, HookId, Origin, RecordId};
use crate::store::file::FileStore;
use crate::store::postgres::PostgresReader;
use crate::store::{Cursor, Error, Location, Order, Record, Remembered};

/// Source of a move.
pub enum Source {
    /// A file that is only read.
    File(FileStore),
    /// A database on PostgreSQL.
    Postgres(PostgresReader),
}

impl Source {
    /// Opens what is at `place`, and keeps others away from it as far as the engine can.
    ///
    /// # Errors
    /// The reason why it cannot be read, in words for a person.
    pub async fn open(place: &Place, settings: &MoveSettings) -> Result<Self, Error> {
        Ok(match place {
            Place::File(path) => {
                let location = Location::ReadOnly(path.clone());
                Self::File(FileStore::open(&location, settings.cache_bytes)?)
            }
            Place::Postgres(url) => {
                let reader = PostgresReader::open(url, settings.require_sync, &settings.clock);
                Self::Postgres(reader.await?)
            }
        })
    }

    /// At most `limit` records in an order behind one.
    pub async fn records(
        &self,
        order: Order,
        after: Option<&Record>,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        match self {
            Self::File(file) => {
                let cursor = after.map_or(Cursor::START, Cursor::after);
                file.records_after(order, &cursor, limit)
            }
            Self::Postgres(reader) => reader.records(order, after, limit).await,
        }
    }

    /// At most `limit` events of an origin behind a place.
    pub async fn events(
        &self,
        origin: Origin,
        after: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<MovedEvent>, Error> {
        match self {
            Self::File(file) => file.events_after(origin, after, limit),
            Self::Postgres(reader) => reader.events(origin, after, limit).await,
        }
    }

    /// At most `limit` pictures behind that of a user.
    pub async fn avatars(
        &self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<MovedAvatar>, Error> {
        match self {
            Self::File(file) => file.avatars_after(after, limit),
            Self::Postgres(reader) => reader.avatars(after, limit).await,
        }
    }

    /// At most `limit` messages behind a place.
    pub async fn messages(
        &self,
        after: Option<(HookId, u64)>,
        limit: usize,
    ) -> Result<Vec<MovedMessage>, Error> {
        match self {
            Self::File(file) => file.messages_after(after, limit),
            Self::Postgres(reader) => reader.messages(after, limit).await,
        }
    }

    /// The state.
    pub async fn state(&self) -> Result<Remembered, Error> {
        match self {
            Self::File(file) => file.remembered(),
            Self::Postgres(reader) => reader.state().await,
        }
    }

    /// The newest numbers.
    pub async fn numbers(&self) -> Result<Numbers, Error> {
        match self {
            Self::File(file) => file.newest_numbers(),
            Self::Postgres(reader) => reader.numbers().await,
        }
    }

    /// Number of records and events, for who waits.
    pub async fn count(&self) -> Result<u64, Error> {
        match self {
            Self::File(file) => file.count_items(),
            Self::Postgres(reader) => reader.count_items().await,
        }
    }

    /// A text that is another one after each change.
    pub async fn version(&self) -> Result<String, Error> {
        match self {
            Self::File(file) => file.version(),
            Self::Postgres(reader) => reader.version().await,
        }
    }
}
