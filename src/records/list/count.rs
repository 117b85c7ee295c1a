//! Counting of all users.

use std::sync::Arc;

use super::user_counts::UserCounts;
use crate::domain::Actor;
use crate::error::{Error, Result};
use crate::priority::below_all;
use crate::records::Records;

impl Records {
    /// Numbers of users, at most a minute old.
    pub async fn user_counts(&self, actor: Actor) -> Result<Arc<UserCounts>> {
        let generation = self.app.generation();
        let now_ms = self.app.clock.steady_ms();
        let count = self.count_users(actor);
        self.counted_users
            .get_or_count(generation, now_ms, count)
            .await
    }

    async fn count_users(&self, actor: Actor) -> Result<UserCounts> {
        let (slot, _waiting) = self.list_slots.list(actor).await?;
        let store = self.app.store.clone();
        let counts = UserCounts::none(self.app.clock.now());
        let work = move || counts.with_all(&store, &slot);
        below_all("count", work).await.map_err(Error::internal)?
    }
}
