//! State of the database that a server keeps in memory.

use jiff::Timestamp;

use crate::domain::{
    Collections, IssuedToken, Kind, RevocationWindow, RuleChange, RuleName, ServerKey,
};

/// Number of ended tokens that are kept at most: all of them are one value.
const MAX_ENDED_TOKENS: usize = 10_000;

/// State of the database, besides its records, that a server keeps in memory for as long as it runs.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The token keys, oldest first.
    pub token_keys: Vec<ServerKey>,
    /// The times whose tokens are void.
    pub revocation_windows: Vec<RevocationWindow>,
    /// The tokens that ended before their time, each by itself.
    pub ended_tokens: Vec<IssuedToken>,
    /// The collections as they were imported; `None`: they began here.
    pub collections: Option<Collections>,
}

impl Remembered {
    /// Adds a token key, and drops those made before `drop_before` except the newest of them. That goes by their places, not by
    /// their times: a clock that was set back must not cost a key that is in use.
    pub(super) fn add_token_key(&mut self, key: ServerKey, drop_before: Timestamp) {
        let newest_old = self
            .token_keys
            .iter()
            .rposition(|key| key.created < drop_before);
        let mut places = 0..;
        self.token_keys.retain(|key| {
            let place = places.next();
            key.created >= drop_before || place == newest_old
        });
        self.token_keys.push(key);
    }

    /// Adds a token key if there is none.
    pub(super) fn ensure_token_key(&mut self, key: &ServerKey) {
        if self.token_keys.is_empty() {
            self.token_keys.push(key.clone());
        }
    }

    /// Ends a token, and drops those whose time is over. Whether there was room for it.
    pub(super) fn end_token(&mut self, token: IssuedToken, now: Timestamp) -> bool {
        let ended = &mut self.ended_tokens;
        ended.retain(|it| it.expires > now && it.id != token.id);
        if ended.len() >= MAX_ENDED_TOKENS {
            return false;
        }
        ended.push(token);
        true
    }

    /// Ends at `now` the revocation windows that last longer.
    pub(super) fn end_revocation_windows(&mut self, now: Timestamp) {
        let windows = std::mem::take(&mut self.revocation_windows);
        self.revocation_windows = RevocationWindow::ended(windows, now);
    }

    /// Sets rules of a collection, and leaves its other rules alone; those that were other ones before.
    pub(super) fn change_rules(
        &mut self,
        kind: Kind,
        rules: &[(RuleName, Option<String>)],
        at: Timestamp,
    ) -> Vec<RuleChange> {
        let known = self.collections.clone();
        let mut collections = known.unwrap_or_else(|| Collections::of_keys(&self.token_keys));
        let changes = collections.of_mut(kind).change_rules(rules, at);
        if !changes.is_empty() {
            self.collections = Some(collections);
        }
        changes
    }
}
