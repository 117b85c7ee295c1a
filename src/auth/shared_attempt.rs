//! Attempts at an account of a database that several servers work on: they count its failures together, in the store.

use crate::app::App;
use crate::domain::{Failures, RecordId};
use crate::error::{Error, Result};
use crate::limits::{AccountFailures, AttemptOutcome, Source};
use crate::store::FailureWrite;

/// Times that failures which another server has just changed are read and decided on again; attempts at one server take turns.
const TRIES: usize = 10;

/// An attempt that counts as a failure until it has ended.
pub(super) struct SharedAttempt {
    id: RecordId,
    keys: [String; 2],
    before: AccountFailures,
    begun_ms: i64,
}

impl SharedAttempt {
    /// Admits and counts an attempt from `source` at the account, if its failures are shared.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`]; the store's.
    pub async fn begin(app: &App, source: Source, id: &RecordId) -> Result<Option<Self>> {
        if !app.store.is_shared() || !app.limits.is_enabled() {
            return Ok(None);
        }
        let keys = keys(source, id);
        let is_familiar = app.limits.is_familiar(source, id);
        let _lock = app.store.lock([id]).await;
        for _ in 0..TRIES {
            let begun_ms = app.clock.now_ms();
            let stored = read(app, &keys).await?;
            let before = AccountFailures::of_stored(stored, is_familiar, begun_ms);
            app.limits.admit(&before, begun_ms)?;
            if write(app, &keys, stored, before.begun(begun_ms)).await? {
                return Ok(Some(Self {
                    id: id.clone(),
                    keys,
                    before,
                    begun_ms,
                }));
            }
        }
        Err(too_many_changes())
    }

    /// Counts the outcome.
    ///
    /// # Errors
    /// The store's: the attempt stays counted.
    pub async fn finish(self, app: &App, outcome: AttemptOutcome) -> Result<()> {
        if outcome == AttemptOutcome::Wrong {
            return Ok(());
        }
        let _lock = app.store.lock([&self.id]).await;
        for _ in 0..TRIES {
            let stored = read(app, &self.keys).await?;
            let now_ms = app.clock.now_ms();
            let after = AccountFailures::of_stored(stored, false, now_ms);
            let after = after.ended(self.before, self.begun_ms, now_ms, outcome);
            if write(app, &self.keys, stored, after).await? {
                return Ok(());
            }
        }
        Err(too_many_changes())
    }
}

/// The keys of the failures of the pair, and of the account's day.
fn keys(source: Source, id: &RecordId) -> [String; 2] {
    [format!("{id} {}", source.ip()), id.to_string()]
}

async fn read(app: &App, keys: &[String; 2]) -> Result<[Failures; 2]> {
    let found = app.store.failures(keys).await?;
    let [pair, day] = found[..] else {
        return Err(Error::internal("failures are missing"));
    };
    Ok([pair, day])
}

/// Writes the failures, unless others have changed them since; whether it did.
async fn write(
    app: &App,
    keys: &[String; 2],
    before: [Failures; 2],
    after: AccountFailures,
) -> Result<bool> {
    let writes = keys.iter().zip(before).zip(after.stored());
    let writes = writes.map(|((key, before), after)| FailureWrite {
        key: key.clone(),
        before,
        after,
    });
    Ok(app.store.write_failures(writes.collect()).await?)
}

fn too_many_changes() -> Error {
    Error::internal("the failures of an account change all the time")
}
