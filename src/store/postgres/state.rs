//! State of the database besides its records.

use jiff::Timestamp;

use super::postgres_store::PostgresStore;
use super::rows::column;
use super::state_values;
use super::statements as sql;
use super::wants::Wants;
use crate::domain::{
    Collections, IssuedToken, Kind, RevocationWindow, RuleChange, RuleName, ServerKey,
};
use crate::store::{Error, Remembered};

impl PostgresStore {
    pub(in crate::store) async fn remembered(&self) -> Result<Remembered, Error> {
        state_values::read(&self.lookups.query(sql::STATE, &[]).await?)
    }

    pub(in crate::store) async fn state_number(&self) -> Result<i64, Error> {
        let row = self.lookups.query_one(sql::TOTALS, &[]).await?;
        let row = row.ok_or_else(|| Error::Damaged("totals has no row".into()))?;
        column(&row, 5)
    }

    pub(in crate::store) async fn token_keys(&self) -> Result<Vec<ServerKey>, Error> {
        Ok(self.remembered().await?.token_keys)
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

    pub(in crate::store) async fn end_revocation_windows(
        &self,
        now: Timestamp,
    ) -> Result<(), Error> {
        let windows = self.remembered().await?.revocation_windows;
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

    /// Adds a token key if there is none: of many servers that begin on an empty database, one makes the key of all.
    pub(in crate::store) async fn ensure_token_key(&self, key: ServerKey) -> Result<(), Error> {
        self.change_state(move |state| {
            if state.token_keys.is_empty() {
                state.token_keys.push(key.clone());
            }
        })
        .await
    }

    async fn change_state<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&mut Remembered) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let wants = Wants {
            state: true,
            ..Wants::default()
        };
        self.writer
            .write(wants, move |set| set.change_state(&mut change))
            .await
    }
}
