//! State of the database besides its records: token keys, revocation windows, collections.

use jiff::Timestamp;

use super::file_store::FileStore;
use super::tables::{self, META, Tables};
use crate::domain::{
    Collections, IssuedToken, Kind, RevocationWindow, RuleChange, RuleName, ServerKey,
};
use crate::store::{Error, Remembered};

impl FileStore {
    pub(in crate::store) fn remembered(&self) -> Result<Remembered, Error> {
        self.engine.read(tables::remembered)
    }

    pub(in crate::store) async fn set_collections(
        &self,
        collections: Collections,
    ) -> Result<(), Error> {
        let set = move |state: &mut Remembered| state.collections = Some(collections.clone());
        self.change_state(set).await
    }

    pub(in crate::store) async fn change_rules(
        &self,
        kind: Kind,
        rules: Vec<(RuleName, Option<String>)>,
        at: Timestamp,
    ) -> Result<Vec<RuleChange>, Error> {
        self.change_state(move |state| state.change_rules(kind, &rules, at))
            .await
    }

    pub(in crate::store) fn token_keys(&self) -> Result<Vec<ServerKey>, Error> {
        self.engine
            .read(|txn| tables::read_token_keys(&txn.open_table(META)?))
    }

    pub(in crate::store) async fn end_revocation_windows(
        &self,
        now: Timestamp,
    ) -> Result<(), Error> {
        let windows = self.remembered()?.revocation_windows;
        if RevocationWindow::ended(windows.clone(), now) == windows {
            return Ok(());
        }
        self.change_state(move |state| state.end_revocation_windows(now))
            .await
    }

    pub(in crate::store) async fn end_token(
        &self,
        token: IssuedToken,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.change_state(move |state| state.end_token(token, now))
            .await
    }

    pub(in crate::store) async fn add_token_key(
        &self,
        key: ServerKey,
        drop_before: Timestamp,
    ) -> Result<(), Error> {
        self.change_state(move |state| state.add_token_key(key.clone(), drop_before))
            .await
    }

    pub(in crate::store) async fn ensure_token_key(&self, key: ServerKey) -> Result<(), Error> {
        self.change_state(move |state| {
            if state.token_keys.is_empty() {
                state.token_keys.push(key.clone());
            }
        })
        .await
    }

    /// Changes the state in a transaction, so that nobody else's change comes in between.
    async fn change_state<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&mut Remembered) -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.writer
            .write(move |tables: &mut Tables<'_>| {
                let before = tables.remembered()?;
                let mut after = before.clone();
                let outcome = change(&mut after);
                tables.set_remembered(&before, &after)?;
                Ok(outcome)
            })
            .await
    }
}
