//! State of the database besides its records: token keys, revocation windows, collections.

use super::file_store::FileStore;
use super::tables::{self, Tables};
use crate::store::{Error, Remembered};

impl FileStore {
    pub(in crate::store) fn remembered(&self) -> Result<Remembered, Error> {
        self.engine.read(tables::remembered)
    }

    pub(in crate::store) async fn change_state<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&mut Remembered) -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.writer
            .write(move |tables: &mut Tables<'_>| {
                let before = tables.remembered()?;
                let mut after = before.clone();
                let outcome = change(&mut after);
                tables.set_remembered(&before, &after)?;
                Ok(outcome)
            })
            .await
    }
}
