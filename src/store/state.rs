//! State of the database besides its records: token keys, revocation windows, collections.

use jiff::Timestamp;

use super::{Error, Remembered, Store};
use crate::domain::{Collections, IssuedToken, Kind, RuleChange, RuleName, ServerKey};

impl Store {
    /// State of the database that a server keeps in memory.
    pub async fn remembered(&self) -> Result<Remembered, Error> {
        self.engine().remembered()
    }

    /// The collections as they were imported; `None`: they began here.
    pub async fn collections(&self) -> Result<Option<Collections>, Error> {
        Ok(self.remembered().await?.collections)
    }

    /// Sets the collections.
    pub async fn set_collections(&self, collections: Collections) -> Result<(), Error> {
        self.engine().set_collections(collections).await
    }

    /// Sets rules of a collection and leaves its other rules alone; those that were other ones before.
    pub async fn change_rules(
        &self,
        kind: Kind,
        rules: Vec<(RuleName, Option<String>)>,
        at: Timestamp,
    ) -> Result<Vec<RuleChange>, Error> {
        self.engine().change_rules(kind, rules, at).await
    }

    /// Ends at `now` the revocation windows that last longer: those of a restoration that was cut before it said when it was.
    pub async fn end_revocation_windows(&self, now: Timestamp) -> Result<(), Error> {
        self.engine().end_revocation_windows(now).await
    }

    /// Ends one token, if there is room for it; those whose time is over at `now` are forgotten.
    pub async fn end_token(&self, token: IssuedToken, now: Timestamp) -> Result<bool, Error> {
        self.engine().end_token(token, now).await
    }

    /// The token keys, oldest first.
    pub async fn token_keys(&self) -> Result<Vec<ServerKey>, Error> {
        self.engine().token_keys()
    }

    /// Adds a token key, and drops those made before `drop_before` except the newest of them
    /// (which signed until the next one came).
    pub async fn add_token_key(&self, key: ServerKey, drop_before: Timestamp) -> Result<(), Error> {
        self.engine().add_token_key(key, drop_before).await
    }
}
