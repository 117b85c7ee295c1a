//! Messages of the outbox in the working set.

use super::columns::column_number;
use super::pipeline::Pipeline;
use super::statements as sql;
use crate::domain::{HookId, UserEvent};
use crate::store::{Error, stored};

/// Messages to be added and to be removed, as columns.
#[derive(Default)]
pub struct MessageSet {
    hooks: Vec<i64>,
    numbers: Vec<i64>,
    messages: Vec<Vec<u8>>,
    removed_hooks: Vec<i64>,
    removed: Vec<i64>,
}

impl MessageSet {
    /// Adds a message at its place.
    pub fn add(&mut self, hook: HookId, number: u64, event: &UserEvent) -> Result<(), Error> {
        self.messages
            .push(stored::encode_message(hook, number, event)?);
        self.hooks.push(column_number(hook.0));
        self.numbers.push(column_number(number));
        Ok(())
    }

    /// Removes messages.
    pub fn remove(&mut self, hook: HookId, numbers: &[u64]) {
        for number in numbers {
            self.removed_hooks.push(column_number(hook.0));
            self.removed.push(column_number(*number));
        }
    }

    /// Whether anything is to be written.
    pub fn is_changed(&self) -> bool {
        !self.numbers.is_empty() || !self.removed.is_empty()
    }

    /// The columns of those that are added.
    pub fn columns(&self) -> [&(dyn tokio_postgres::types::ToSql + Sync); 3] {
        [&self.hooks, &self.numbers, &self.messages]
    }

    /// Sends the statements.
    pub fn send<'a>(&'a self, sent: &mut Pipeline<'a>) {
        if !self.removed.is_empty() {
            sent.query(
                sql::DELETE_MESSAGES,
                vec![&self.removed_hooks, &self.removed],
            );
        }
        if !self.numbers.is_empty() {
            sent.query(sql::INSERT_MESSAGES, self.columns().to_vec());
        }
    }
}
