//! State of the database besides its records.

use super::postgres_store::PostgresStore;
use super::rows::column;
use super::state_values;
use super::statements as sql;
use super::wants::Wants;
use crate::store::{Error, Remembered};

impl PostgresStore {
    pub(in crate::store) async fn remembered(&self) -> Result<Remembered, Error> {
        state_values::read(&self.lookups.query(sql::STATE, &[]).await?)
    }

    pub(in crate::store) async fn state_number(&self) -> Result<i64, Error> {
        let row = self.lookups.query_one(sql::TOTALS, &[]).await?;
        let row = row.ok_or_else(|| Error::Damaged("totals has no row".into()))?;
        column(&row, 5)
    }

    pub(in crate::store) async fn change_state<T: Send + 'static>(
        &self,
        mut change: impl FnMut(&mut Remembered) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let wants = Wants {
            state: true,
            ..Wants::default()
        };
        self.writer
            .write(wants, move |set| set.change_state(&mut change))
            .await
    }
}
