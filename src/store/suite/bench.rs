//! Bench: the store that a property is tried on.

use super::outcome::{Failed, Outcome};
use super::samples::superuser;
use crate::clock::Clock;
use crate::domain::Kind;
use crate::random::Random;
use crate::store::{Cursor, Error, Order, PostgresSettings, Record, Store, Write};

/// Number of the superuser who is always there.
pub const KEEPER: usize = 999_999;
/// Records that are removed at once.
const PAGE: usize = 500;

/// The store that a property is tried on.
pub struct Bench {
    /// The store.
    pub store: Store,
    /// Way of other servers to the same database; nothing: there can be no other.
    shared: Option<PostgresSettings>,
    /// A database in which nothing is yet.
    empty: Option<PostgresSettings>,
}

impl Bench {
    /// A database that one store has for itself.
    #[must_use]
    pub fn own(store: Store) -> Self {
        Self {
            store,
            shared: None,
            empty: None,
        }
    }

    /// A database that several stores may have, and one in which nothing is yet.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn shared(shared: PostgresSettings, empty: PostgresSettings) -> Result<Self, Error> {
        Ok(Self {
            store: connect(&shared).await?,
            shared: Some(shared),
            empty: Some(empty),
        })
    }

    /// Another store on the same database.
    pub(super) async fn another(&self) -> Result<Store, Failed> {
        match &self.shared {
            Some(settings) => Ok(connect(settings).await?),
            None => Ok(self.store.clone()),
        }
    }

    /// A store on the database in which nothing is yet, if there is one.
    pub(super) fn empty(&self) -> Option<&PostgresSettings> {
        self.empty.as_ref()
    }

    /// Removes all records but for one superuser.
    pub(super) async fn clear(&self) -> Outcome {
        let keeper = Record::Superuser(superuser(KEEPER)?);
        let known = self.store.record_by_id(Kind::Superusers, keeper.id());
        if known.await?.is_none() {
            let inserted = self.store.commit(vec![Write::insert(keeper.clone())]);
            inserted.await?;
        }
        for kind in Kind::ALL {
            loop {
                let order = Order::ById(kind);
                let page = self.store.records_after(order, &Cursor::START, PAGE);
                let others = page.await?.into_iter();
                let others = others.filter(|record| record.id() != keeper.id());
                let deletes: Vec<Write> = others.map(Write::delete).collect();
                if deletes.is_empty() {
                    break;
                }
                self.store.commit(deletes).await?;
            }
        }
        Ok(())
    }
}

/// A store on such a database.
pub async fn connect(settings: &PostgresSettings) -> Result<Store, Error> {
    Store::connect(settings, Clock::System, Random::System).await
}
