//! Messages for webhooks.

use redb::ReadableTableMetadata as _;

use super::{META_MESSAGE_NUMBER, Tables};
use crate::domain::{HookId, UserEvent};
use crate::store::outbox::MAX_MESSAGES;
use crate::store::{Error, stored};

impl Tables<'_> {
    /// Adds a message, if there is room.
    pub fn add_message(&mut self, hook: HookId, event: &UserEvent) -> Result<bool, Error> {
        if self.outbox.len()? >= MAX_MESSAGES {
            return Ok(false);
        }
        let number = self.next_number(META_MESSAGE_NUMBER)?;
        self.put_message(hook, number, event)?;
        Ok(true)
    }

    /// Writes a message to its place.
    pub fn put_message(
        &mut self,
        hook: HookId,
        number: u64,
        event: &UserEvent,
    ) -> Result<(), Error> {
        let bytes = stored::encode_message(hook, number, event)?;
        self.outbox.insert((hook.0, number), bytes.as_slice())?;
        Ok(())
    }

    pub fn remove_message(&mut self, hook: HookId, number: u64) -> Result<(), Error> {
        self.outbox.remove((hook.0, number))?;
        Ok(())
    }
}
