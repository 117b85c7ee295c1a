//! Tokens that ended before their time, each by itself.

use std::collections::HashMap;

use jiff::Timestamp;
use parking_lot::RwLock;

use crate::domain::{IssuedToken, TokenId};

/// Ended tokens, as the database has them.
#[derive(Default)]
pub struct EndedTokens(RwLock<HashMap<TokenId, Timestamp>>);

impl EndedTokens {
    /// Whether this token ended.
    #[must_use]
    pub fn has(&self, token: &IssuedToken) -> bool {
        self.0.read().contains_key(&token.id)
    }

    /// Adds one that ended now, and forgets those whose time is over.
    pub fn add(&self, token: IssuedToken, now: Timestamp) {
        let mut ended = self.0.write();
        ended.retain(|_, expires| *expires > now);
        ended.insert(token.id, token.expires);
    }

    /// Replaces all of them.
    pub fn replace(&self, tokens: &[IssuedToken]) {
        *self.0.write() = tokens.iter().map(|it| (it.id, it.expires)).collect();
    }
}
