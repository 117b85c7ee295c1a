//! State of the database besides its records: token keys, revocation windows, collections.

use jiff::Timestamp;
use tokio::sync::watch;

use super::handle::Engine;
use super::postgres::PostgresStore;
use super::{Error, FailureWrite, Remembered, Store};
use crate::domain::{
    Collections, Failures, IssuedToken, Kind, RevocationWindow, RuleChange, RuleName, ServerKey,
};

impl Store {
    /// State of the database that a server keeps in memory.
    pub async fn remembered(&self) -> Result<Remembered, Error> {
        match &self.engine {
            Engine::File(file) => file.remembered(),
            Engine::Postgres(postgres) => postgres.remembered().await,
        }
    }

    /// The collections as they were imported; `None`: they began here.
    pub async fn collections(&self) -> Result<Option<Collections>, Error> {
        Ok(self.remembered().await?.collections)
    }

    /// Sets the collections.
    pub async fn set_collections(&self, collections: Collections) -> Result<(), Error> {
        let set = move |state: &mut Remembered| state.collections = Some(collections.clone());
        self.change_state(set).await
    }

    /// Sets rules of a collection and leaves its other rules alone; those that were other ones before.
    pub async fn change_rules(
        &self,
        kind: Kind,
        rules: Vec<(RuleName, Option<String>)>,
        at: Timestamp,
    ) -> Result<Vec<RuleChange>, Error> {
        self.change_state(move |state| state.change_rules(kind, &rules, at))
            .await
    }

    /// Ends at `now` the revocation windows that last longer: those of a restoration that was cut before it said when it was.
    pub async fn end_revocation_windows(&self, now: Timestamp) -> Result<(), Error> {
        let windows = self.remembered().await?.revocation_windows;
        if RevocationWindow::ended(windows.clone(), now) == windows {
            return Ok(());
        }
        self.change_state(move |state| state.end_revocation_windows(now))
            .await
    }

    /// Ends one token, if there is room for it; those whose time is over at `now` are forgotten.
    pub async fn end_token(&self, token: IssuedToken, now: Timestamp) -> Result<bool, Error> {
        self.change_state(move |state| state.end_token(token, now))
            .await
    }

    /// The token keys, oldest first.
    pub async fn token_keys(&self) -> Result<Vec<ServerKey>, Error> {
        Ok(self.remembered().await?.token_keys)
    }

    /// Adds a token key, and drops those made before `drop_before` except the newest of them
    /// (which signed until the next one came).
    pub async fn add_token_key(&self, key: ServerKey, drop_before: Timestamp) -> Result<(), Error> {
        self.change_state(move |state| state.add_token_key(key.clone(), drop_before))
            .await
    }

    /// Adds a token key if there is none: of several servers that begin on an empty database, one makes the key of all.
    pub async fn ensure_token_key(&self, key: ServerKey) -> Result<(), Error> {
        self.change_state(move |state| state.ensure_token_key(&key))
            .await
    }

    /// Changes the state in a transaction, so that nobody else's change comes in between. The change may be run more than once.
    async fn change_state<T: Send + 'static>(
        &self,
        change: impl FnMut(&mut Remembered) -> T + Send + 'static,
    ) -> Result<T, Error> {
        match &self.engine {
            Engine::File(file) => file.change_state(change).await,
            Engine::Postgres(postgres) => postgres.change_state(change).await,
        }
    }

    /// Whether other servers may work on the same database at the same time.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Told, within a second, whenever any server has changed the state; never, if there is no other server.
    #[must_use]
    pub fn state_changes(&self) -> Option<watch::Receiver<i64>> {
        self.postgres().map(PostgresStore::state_changes)
    }

    /// Number of the state: another one after each change of it; always 0 if there is no other server.
    pub async fn state_number(&self) -> Result<i64, Error> {
        match &self.engine {
            Engine::File(_) => Ok(0),
            Engine::Postgres(postgres) => postgres.state_number().await,
        }
    }

    /// Failures of logins that are counted under `keys`, each in its place.
    pub async fn failures(&self, keys: &[String]) -> Result<Vec<Failures>, Error> {
        match &self.engine {
            Engine::File(_) => Ok(vec![Failures::default(); keys.len()]),
            Engine::Postgres(postgres) => postgres.failures(keys).await,
        }
    }

    /// Writes failures of logins, all or none of them; whether each was what its change was decided on.
    pub async fn write_failures(&self, writes: Vec<FailureWrite>) -> Result<bool, Error> {
        match &self.engine {
            Engine::File(_) => Ok(true),
            Engine::Postgres(postgres) => postgres.write_failures(writes).await,
        }
    }
}
