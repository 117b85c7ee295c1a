//! Evaluation of filters over few records: at once if that is cheap, and else in turn.

use super::error::ListError;
use crate::domain::Actor;
use crate::error::Error;
use crate::filter::{Budget, TooCostly};
use crate::records::Records;

impl Records {
    /// Result of `evaluation` for `actor`: at once, if that takes some microseconds, and else when it is the actor's turn, on
    /// a thread that nobody waits for.
    pub async fn evaluate<T, F>(&self, actor: Actor, evaluation: F) -> Result<T, ListError>
    where
        T: Send + 'static,
        F: Fn(&Budget) -> Result<T, TooCostly> + Send + 'static,
    {
        if let Ok(result) = evaluation(&Budget::new(Budget::INLINE)) {
            return Ok(result);
        }
        let slot = self.list_slots.short(actor).await?;
        let costly = move || {
            let _slot = slot;
            evaluation(&Budget::new(Budget::EVALUATION))
        };
        let result = tokio::task::spawn_blocking(costly).await;
        Ok(result.map_err(Error::internal)??)
    }
}
