//! The state as values by name.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::pipeline::Pipeline;
use super::rows::column;
use super::statements as sql;
use super::working_set::WorkingSet;
use crate::store::{Error, Remembered, stored};

/// The state in rows of name and value.
pub fn read(rows: &[Row]) -> Result<Remembered, Error> {
    let mut state = Remembered::default();
    for row in rows {
        let (name, value): (&str, &[u8]) = (column(row, 0)?, column(row, 1)?);
        match name {
            stored::TOKEN_KEYS => state.token_keys = stored::decode_token_keys(value)?,
            stored::REVOCATION_WINDOWS => {
                state.revocation_windows = stored::decode_revocation_windows(value)?;
            }
            stored::ENDED_TOKENS => state.ended_tokens = stored::decode_ended_tokens(value)?,
            stored::COLLECTIONS => state.collections = Some(stored::decode_collections(value)?),
            // A newer program's.
            _ => {}
        }
    }
    Ok(state)
}

/// The state to be written.
#[derive(Default)]
pub struct StateRows {
    names: Vec<&'static str>,
    values: Vec<Vec<u8>>,
}

impl StateRows {
    /// The state of a working set, if it is another one.
    ///
    /// # Errors
    /// [`Error::Failed`] when it cannot be encoded.
    pub fn new(set: &WorkingSet) -> Result<Self, Error> {
        let changed = set.state.as_ref().filter(|_| set.totals.is_state_changed);
        changed.map_or_else(|| Ok(Self::default()), Self::of)
    }

    /// All of the state.
    ///
    /// # Errors
    /// [`Error::Failed`] when it cannot be encoded.
    pub fn of(state: &Remembered) -> Result<Self, Error> {
        let mut rows = Self::default();
        rows.push(
            stored::TOKEN_KEYS,
            stored::encode_token_keys(&state.token_keys)?,
        );
        rows.push(
            stored::REVOCATION_WINDOWS,
            stored::encode_revocation_windows(&state.revocation_windows)?,
        );
        rows.push(
            stored::ENDED_TOKENS,
            stored::encode_ended_tokens(&state.ended_tokens)?,
        );
        if let Some(collections) = &state.collections {
            rows.push(
                stored::COLLECTIONS,
                stored::encode_collections(collections)?,
            );
        }
        Ok(rows)
    }

    fn push(&mut self, name: &'static str, value: Vec<u8>) {
        self.names.push(name);
        self.values.push(value);
    }

    /// Names and values.
    pub fn columns(&self) -> [&(dyn ToSql + Sync); 2] {
        [&self.names, &self.values]
    }

    /// Sends the statement.
    pub fn send<'a>(&'a self, sent: &mut Pipeline<'a>) {
        if !self.names.is_empty() {
            sent.query(sql::WRITE_STATE, vec![&self.names, &self.values]);
        }
    }
}
