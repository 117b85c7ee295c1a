//! Target of a move: what comes is written as it is, and nobody works with it before its end.

use super::item::{Batch, Numbers};
use super::place::{MoveSettings, Place};
use super::source::Source;
use super::sum::Sum;
use crate::domain::{Kind, RecordId};
use crate::store::file::{FilledFile, NewFile};
use crate::store::postgres::{FilledTables, NewTables};
use crate::store::{Error, Order, Remembered};

/// Target of a move.
pub enum Target {
    /// A new file.
    File(NewFile),
    /// Tables on PostgreSQL.
    Postgres(NewTables),
}

impl Target {
    /// Begins a move, or goes on with one that was cut, of the source of that name and version.
    ///
    /// # Errors
    /// Something is there already, or cannot be made.
    pub async fn begin(
        place: &Place,
        source: (&str, &str),
        settings: &MoveSettings,
    ) -> Result<Self, Error> {
        Ok(match place {
            Place::File(path) => Self::File(NewFile::begin(path)?),
            Place::Postgres(url) => {
                let begun = NewTables::begin(url, source, settings.require_sync, &settings.clock);
                Self::Postgres(begun.await?)
            }
        })
    }

    /// The user up to whom all are there from a move that was cut.
    pub fn users_to(&self) -> Option<&RecordId> {
        match self {
            Self::File(_) => None,
            Self::Postgres(tables) => tables.users_to(),
        }
    }

    /// The order in which users are best written: the file has them in blocks by their numbers; on PostgreSQL a move that was cut
    /// goes on behind an id.
    pub fn order_of_users(&self) -> Order {
        match self {
            Self::File(_) => Order::UsersByCreated {
                newest_first: false,
            },
            Self::Postgres(_) => Order::ById(Kind::Users),
        }
    }

    /// Writes a batch, sooner or later.
    ///
    /// # Errors
    /// This one or one before it could not be written.
    pub async fn write(&mut self, batch: Batch) -> Result<(), Error> {
        match self {
            Self::File(file) => file.write(&batch),
            Self::Postgres(tables) => tables.write(batch).await,
        }
    }

    /// Writes what there is one of, after all batches, and sees to it that all is on disk.
    ///
    /// # Errors
    /// Something could not be written.
    pub async fn fill(
        self,
        sum: &Sum,
        state: &Remembered,
        numbers: Numbers,
    ) -> Result<Filled, Error> {
        Ok(match self {
            Self::File(file) => Filled::File(file.fill(state, numbers)?),
            Self::Postgres(tables) => Filled::Postgres(tables.fill(sum, state, numbers).await?),
        })
    }
}

/// Target that has all, and may be read.
pub enum Filled {
    /// A file without a name.
    File(FilledFile),
    /// Tables that no server may work with yet.
    Postgres(FilledTables),
}

impl Filled {
    /// Reading, to compare it.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn source(&self, settings: &MoveSettings) -> Result<Source, Error> {
        Ok(match self {
            Self::File(file) => {
                let place = Place::File(file.path().to_owned());
                Source::open(&place, settings).await?
            }
            Self::Postgres(tables) => Source::Postgres(tables.reader().await?),
        })
    }

    /// Gives it to whoever wants to work with it.
    ///
    /// # Errors
    /// It has another count than `sum`, a server has begun to work with it, or there is a file of that name by now.
    pub async fn finish(self, sum: &Sum) -> Result<(), Error> {
        match self {
            Self::File(file) => file.finish(sum),
            Self::Postgres(tables) => tables.finish().await,
        }
    }

    /// Remedy before the move is begun anew.
    pub fn again(&self) -> &'static str {
        match self {
            Self::File(_) => "nothing has the name of the new file",
            Self::Postgres(_) => "drop its tables before",
        }
    }
}
