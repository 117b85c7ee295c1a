//! Updates of one record, decided on what it is now.

use crate::domain::{Kind, RecordId};
use crate::store::{CommitError, Conflict, Error, Record, Store};

/// Attempts at a record that others, who do not lock it, change at the same time.
const ATTEMPTS: usize = 8;

/// Replaces the record with this id by what `change` makes of it, and returns that. When the record is another one by then, it
/// is read and changed again.
pub async fn update<R>(
    store: &Store,
    kind: Kind,
    id: &RecordId,
    change: impl Fn(R) -> R,
) -> Result<R, CommitError>
where
    R: Clone + Into<Record> + TryFrom<Record, Error = Error>,
{
    let _lock = store.lock([id]).await;
    for _ in 0..ATTEMPTS {
        let record = store.record_by_id(kind, id).await?;
        let before = R::try_from(record.ok_or(GONE)?)?;
        match store.update(before.clone(), change(before)).await {
            Err(CommitError::Conflict {
                conflict: Conflict::Changed,
                ..
            }) => {}
            outcome => return outcome,
        }
    }
    Err(Error::Failed(format!("record {id} changes all the time")).into())
}

const GONE: CommitError = CommitError::Conflict {
    index: 0,
    conflict: Conflict::NoSuchRecord,
};
