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
        self.writer
            .write(move |tables| tables.set_collections(&collections))
            .await
    }

    pub(in crate::store) async fn change_rules(
        &self,
        kind: Kind,
        rules: Vec<(RuleName, Option<String>)>,
        at: Timestamp,
    ) -> Result<Vec<RuleChange>, Error> {
        self.writer
            .write(move |tables| change_rules(tables, kind, &rules, at))
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
        let revocation_windows = self.remembered()?.revocation_windows;
        let ended = RevocationWindow::ended(revocation_windows.clone(), now);
        if ended == revocation_windows {
            Ok(())
        } else {
            self.writer
                .write(move |tables| tables.set_revocation_windows(&ended))
                .await
        }
    }

    pub(in crate::store) async fn end_token(
        &self,
        token: IssuedToken,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.writer
            .write(move |tables| tables.end_token(token, now))
            .await
    }

    pub(in crate::store) async fn add_token_key(
        &self,
        key: ServerKey,
        drop_before: Timestamp,
    ) -> Result<(), Error> {
        self.writer
            .write(move |tables| {
                let mut keys = without_old_keys(tables.token_keys()?, drop_before);
                keys.push(key.clone());
                tables.set_token_keys(&keys)
            })
            .await
    }
}

/// Changes the rules in the transaction, so that nobody else's change comes in between.
fn change_rules(
    tables: &mut Tables<'_>,
    kind: Kind,
    rules: &[(RuleName, Option<String>)],
    at: Timestamp,
) -> Result<Vec<RuleChange>, Error> {
    let mut collections = match tables.collections()? {
        Some(collections) => collections,
        None => Collections::of_keys(&tables.token_keys()?),
    };
    let changes = collections.of_mut(kind).change_rules(rules, at);
    if !changes.is_empty() {
        tables.set_collections(&collections)?;
    }
    Ok(changes)
}

/// The keys from `drop_before` on, and the newest of those before. That goes by their places, not by their times: a clock that
/// was set back must not cost a key that is in use.
fn without_old_keys(mut keys: Vec<ServerKey>, drop_before: Timestamp) -> Vec<ServerKey> {
    let newest_old = keys.iter().rposition(|key| key.created < drop_before);
    let mut places = 0..;
    keys.retain(|key| {
        let place = places.next();
        key.created >= drop_before || place == newest_old
    });
    keys
}
