//! Items of a move, which have their places and numbers already.

use super::{
    META_COMPANY_NUMBER, META_EVENT_NUMBER, META_MESSAGE_NUMBER, META_SUPERUSER_NUMBER,
    META_USER_NUMBER, Tables,
};
use crate::store::moving::{MovedEvent, Numbers};
use crate::store::{Error, stored};

impl Tables<'_> {
    /// Writes an event to its place.
    pub fn add_moved_event(&mut self, moved: &MovedEvent) -> Result<(), Error> {
        let MovedEvent { origin, id, event } = moved;
        let bytes = stored::encode_event(*id, event)?;
        self.events[*origin as usize].insert((id.at_ms, id.number), bytes.as_slice())?;
        if let Some(party) = event.party(*origin) {
            self.events_by_party
                .insert((*origin as u8, party.as_str(), id.at_ms, id.number), ())?;
        }
        Ok(())
    }

    /// Sets the newest numbers.
    pub fn set_newest_numbers(&mut self, numbers: Numbers) -> Result<(), Error> {
        for (name, number) in [
            (META_USER_NUMBER, numbers.users),
            (META_COMPANY_NUMBER, numbers.companies),
            (META_SUPERUSER_NUMBER, numbers.superusers),
            (META_EVENT_NUMBER, numbers.events),
            (META_MESSAGE_NUMBER, numbers.messages),
        ] {
            self.meta.insert(name, number.to_le_bytes().as_slice())?;
        }
        Ok(())
    }
}
