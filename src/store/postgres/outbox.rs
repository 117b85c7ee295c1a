//! Messages of the outbox: reads, removal, and the lease of their delivery.

use std::time::Duration;

use super::columns::column_number;
use super::postgres_store::PostgresStore;
use super::rows::{column, number};
use super::statements as sql;
use super::wants::Wants;
use crate::domain::{HookId, Queue, QueuedEvent};
use crate::store::{Error, stored};

impl PostgresStore {
    pub(in crate::store) async fn messages(
        &self,
        hook: HookId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<QueuedEvent>, Error> {
        let (key, after) = (column_number(hook.0), column_number(after));
        let limit = column_number(limit as u64);
        let rows = self
            .lookups
            .query(sql::MESSAGES, &[&key, &after, &limit])
            .await?;
        let messages = rows.iter().map(|row| {
            let number = number(row, 0)?;
            let event = stored::decode_message(hook, number, column(row, 1)?)?;
            Ok(QueuedEvent { number, event })
        });
        messages.collect()
    }

    pub(in crate::store) async fn remove_messages(
        &self,
        hook: HookId,
        numbers: Vec<u64>,
    ) -> Result<(), Error> {
        let job = self.writer.write(Wants::default(), move |set| {
            set.messages.remove(hook, &numbers);
            Ok(())
        });
        job.await
    }

    pub(in crate::store) async fn queues(&self) -> Result<Vec<Queue>, Error> {
        let rows = self.lookups.query(sql::QUEUES, &[]).await?;
        let mut queues = Vec::new();
        for row in &rows {
            let hook = HookId(number(row, 0)?);
            let oldest = self.messages(hook, 0, 1).await?;
            queues.push(Queue {
                hook,
                pending: number(row, 1)?,
                oldest: oldest.first().map(|message| message.event.at),
            });
        }
        Ok(queues)
    }

    pub(in crate::store) async fn lease_delivery(&self, lease: Duration) -> Result<bool, Error> {
        let wants = Wants {
            lease: true,
            ..Wants::default()
        };
        let holder = self.instance_id.clone();
        let now = self.clock.now_ms();
        let until = now.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
        let job = self
            .writer
            .write(wants, move |set| Ok(set.lease.take(&holder, now, until)));
        job.await
    }
}
