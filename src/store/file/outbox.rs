//! Messages of the outbox: reads, and the job that removes some.

use redb::ReadTransaction;

use super::file_store::FileStore;
use super::tables::{MessageKey, OUTBOX};
use crate::domain::{HookId, Queue, QueuedEvent};
use crate::store::{Error, stored};

impl FileStore {
    pub(in crate::store) fn messages(
        &self,
        hook: HookId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<QueuedEvent>, Error> {
        self.engine.read(|txn| {
            let outbox = txn.open_table(OUTBOX)?;
            let behind = (hook.0, after.saturating_add(1))..=(hook.0, u64::MAX);
            let mut found = Vec::new();
            for entry in outbox.range::<MessageKey>(behind)?.take(limit) {
                let (key, bytes) = entry?;
                let (_, number) = key.value();
                let event = stored::decode_message(hook, number, bytes.value())?;
                found.push(QueuedEvent { number, event });
            }
            Ok(found)
        })
    }

    pub(in crate::store) async fn remove_messages(
        &self,
        hook: HookId,
        numbers: Vec<u64>,
    ) -> Result<(), Error> {
        let job = self.writer.write(move |tables| {
            numbers
                .iter()
                .try_for_each(|number| tables.remove_message(hook, *number))
        });
        job.await
    }

    pub(in crate::store) fn queues(&self) -> Result<Vec<Queue>, Error> {
        self.engine.read(|txn| {
            let mut queues = Vec::new();
            let mut next = 0;
            while let Some(queue) = queue_from(txn, next)? {
                next = queue.hook.0 + 1;
                queues.push(queue);
            }
            Ok(queues)
        })
    }
}

/// The first queue of a webhook from a number on.
fn queue_from(txn: &ReadTransaction, from: u64) -> Result<Option<Queue>, Error> {
    let outbox = txn.open_table(OUTBOX)?;
    let Some(first) = outbox.range::<MessageKey>((from, 0)..)?.next() else {
        return Ok(None);
    };
    let (key, bytes) = first?;
    let (hook, number) = key.value();
    let oldest = stored::decode_message(HookId(hook), number, bytes.value())?;
    let mut pending = 0;
    for entry in outbox.range::<MessageKey>((hook, 0)..=(hook, u64::MAX))? {
        entry?;
        pending += 1;
    }
    Ok(Some(Queue {
        hook: HookId(hook),
        pending,
        oldest: Some(oldest.at),
    }))
}
