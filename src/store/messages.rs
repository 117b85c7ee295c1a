//! Messages of the outbox, on their way to webhooks.

use std::time::Duration;

use tokio::sync::watch;

use super::handle::Engine;
use super::{Error, Outbox, Store};
use crate::domain::{HookId, Queue, QueuedEvent};

impl Store {
    /// The store, with an outbox for these webhooks.
    #[must_use]
    pub fn with_outbox(mut self, outbox: Outbox) -> Self {
        self.outbox = outbox;
        self
    }

    /// At most `limit` messages for a webhook behind a number, in order.
    pub async fn messages(
        &self,
        hook: HookId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<QueuedEvent>, Error> {
        match &self.engine {
            Engine::File(file) => file.messages(hook, after, limit),
            Engine::Postgres(postgres) => postgres.messages(hook, after, limit).await,
        }
    }

    /// Removes messages of a webhook, which were told or given up.
    pub async fn remove_messages(&self, hook: HookId, numbers: Vec<u64>) -> Result<(), Error> {
        match &self.engine {
            Engine::File(file) => file.remove_messages(hook, numbers).await,
            Engine::Postgres(postgres) => postgres.remove_messages(hook, numbers).await,
        }
    }

    /// The webhooks for which messages wait, be they configured or not.
    pub async fn queues(&self) -> Result<Vec<Queue>, Error> {
        match &self.engine {
            Engine::File(file) => file.queues(),
            Engine::Postgres(postgres) => postgres.queues().await,
        }
    }

    /// Removes all messages of a webhook; their number.
    pub async fn clear_queue(&self, hook: HookId) -> Result<u64, Error> {
        /// Messages that are removed in one commit.
        const PAGE: usize = 1_000;
        let mut count = 0;
        loop {
            let page = self.messages(hook, 0, PAGE).await?;
            if page.is_empty() {
                return Ok(count);
            }
            count += page.len() as u64;
            let numbers = page.iter().map(|message| message.number).collect();
            self.remove_messages(hook, numbers).await?;
        }
    }

    /// Moves after each commit of this server that added messages.
    #[must_use]
    pub fn outbox_changes(&self) -> watch::Receiver<u64> {
        self.outbox.changes()
    }

    /// Messages for which there was no room since the start.
    #[must_use]
    pub fn lost_messages(&self) -> u64 {
        self.outbox.lost()
    }

    /// Whether this server is the one that delivers, for so long from now on: of several on one database, one is.
    pub async fn lease_delivery(&self, lease: Duration) -> Result<bool, Error> {
        match &self.engine {
            Engine::File(_) => Ok(true),
            Engine::Postgres(postgres) => postgres.lease_delivery(lease).await,
        }
    }
}
