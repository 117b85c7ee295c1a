//! Sum over all that a database holds, by which two are compared.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::item::{Batch, MovedAvatar, MovedEvent, MovedMessage, Numbers};
use crate::domain::{Kind, Origin, User};
use crate::store::{Error, Record, Remembered, stored};

/// Counts, and the sum of the hashes of all items: in whatever order they come, it is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Users.
    pub users: u64,
    /// Companies.
    pub companies: u64,
    /// Superusers.
    pub superusers: u64,
    /// Users with an imported password hash.
    pub imported_hashes: u64,
    /// Events by origin.
    pub events: [u64; Origin::COUNT],
    /// Pictures.
    pub avatars: u64,
    /// Bytes of all pictures.
    pub avatar_bytes: u64,
    /// Messages.
    pub messages: u64,
    hash: u128,
}

/// Tag of an item in its hash; those of kinds of records begin at 0, those of events at 16.
const EVENTS: u8 = 16;
const STATE: u8 = 32;
const NUMBERS: u8 = 33;
const AVATARS: u8 = 34;
const MESSAGES: u8 = 35;

impl Sum {
    /// Adds all items of a batch.
    ///
    /// # Errors
    /// [`Error::Failed`] when one cannot be encoded.
    pub fn add(&mut self, batch: &Batch) -> Result<(), Error> {
        match batch {
            Batch::Records(_, records) => records.iter().try_for_each(|it| self.add_record(it)),
            Batch::Events(events) => events.iter().try_for_each(|it| self.add_event(it)),
            Batch::Avatars(avatars) => avatars.iter().try_for_each(|it| self.add_avatar(it)),
            Batch::Messages(messages) => messages.iter().try_for_each(|it| self.add_message(it)),
        }
    }

    fn add_record(&mut self, record: &Record) -> Result<(), Error> {
        let count = match record.kind() {
            Kind::Users => &mut self.users,
            Kind::Companies => &mut self.companies,
            Kind::Superusers => &mut self.superusers,
        };
        *count += 1;
        let is_imported = record.as_user().is_some_and(User::has_imported_hash);
        self.imported_hashes += u64::from(is_imported);
        let (kind, bytes) = match record {
            Record::User(user) => (0, stored::encode_user(user)?),
            Record::Company(company) => (1, stored::encode_company(company)?),
            Record::Superuser(superuser) => (2, stored::encode_superuser(superuser)?),
        };
        let number = record.number().to_le_bytes();
        self.add_item(kind, [record.id().as_str().as_bytes(), &number, &bytes]);
        Ok(())
    }

    fn add_event(&mut self, moved: &MovedEvent) -> Result<(), Error> {
        self.events[moved.origin as usize] += 1;
        let bytes = stored::encode_event(moved.id, &moved.event)?;
        let (at, number) = (moved.id.at_ms.to_le_bytes(), moved.id.number.to_le_bytes());
        self.add_item(EVENTS + moved.origin as u8, [&at, &number, &bytes]);
        Ok(())
    }

    fn add_avatar(&mut self, MovedAvatar { user, avatar }: &MovedAvatar) -> Result<(), Error> {
        self.avatars += 1;
        self.avatar_bytes += avatar.bytes.len() as u64;
        let bytes = stored::encode_avatar(user.as_str(), avatar)?;
        self.add_item(AVATARS, [user.as_str().as_bytes(), &bytes, &[]]);
        Ok(())
    }

    fn add_message(&mut self, moved: &MovedMessage) -> Result<(), Error> {
        self.messages += 1;
        let bytes = stored::encode_message(moved.hook, moved.number, &moved.event)?;
        let (hook, number) = (moved.hook.0.to_le_bytes(), moved.number.to_le_bytes());
        self.add_item(MESSAGES, [&hook, &number, &bytes]);
        Ok(())
    }

    /// Adds the state.
    ///
    /// # Errors
    /// [`Error::Failed`] when it cannot be encoded.
    pub fn add_state(&mut self, state: &Remembered) -> Result<(), Error> {
        let keys = stored::encode_token_keys(&state.token_keys)?;
        let windows = stored::encode_revocation_windows(&state.revocation_windows)?;
        let tokens = stored::encode_ended_tokens(&state.ended_tokens)?;
        self.add_item(STATE, [&keys, &windows, &tokens]);
        if let Some(collections) = &state.collections {
            self.add_item(STATE, [&stored::encode_collections(collections)?, &[], &[]]);
        }
        Ok(())
    }

    /// Adds the newest numbers.
    pub fn add_numbers(&mut self, numbers: Numbers) {
        let numbers = [
            numbers.users,
            numbers.companies,
            numbers.superusers,
            numbers.events,
            numbers.messages,
        ];
        let bytes: Vec<u8> = numbers.into_iter().flat_map(u64::to_le_bytes).collect();
        self.add_item(NUMBERS, [&bytes, &[], &[]]);
    }

    fn add_item(&mut self, kind: u8, parts: [&[u8]; 3]) {
        let mut hash = Sha256::new();
        hash.update([kind]);
        for part in parts {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let hash: [u8; 32] = hash.finalize().into();
        let half = hash.first_chunk().copied().unwrap_or_default();
        self.hash = self.hash.wrapping_add(u128::from_le_bytes(half));
    }

    /// Number of all events.
    pub fn all_events(&self) -> u64 {
        self.events.iter().sum()
    }

    /// Number of all items that are counted.
    pub fn items(&self) -> u64 {
        let records = self.users + self.companies + self.superusers;
        records + self.all_events() + self.avatars + self.messages
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "users {}, companies {}, superusers {}, avatars {}, messages {}, events {}, checksum {:032x}",
            self.users,
            self.companies,
            self.superusers,
            self.avatars,
            self.messages,
            self.all_events(),
            self.hash
        )
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{IdType, OpenId, RecordId, TokenKey, UserNumber};

    fn user(n: u64) -> Record {
        let id = RecordId::parse(&format!("u{n:014}")).unwrap();
        let openid = OpenId::parse(&format!("o_{n}")).unwrap();
        let key = TokenKey::new([7; 16]);
        let at = Timestamp::UNIX_EPOCH;
        let user = User::new(id, openid, IdType::WeChat, Uuid::nil(), key, at);
        Record::User(User {
            number: UserNumber(n),
            ..user
        })
    }

    fn sum(users: Vec<Record>) -> Sum {
        let mut sum = Sum::default();
        sum.add(&Batch::Records(Kind::Users, users)).unwrap();
        sum
    }

    #[test]
    fn the_sum_is_of_the_items_and_not_of_their_order() {
        assert_eq!(sum(vec![user(1), user(2)]), sum(vec![user(2), user(1)]));
    }

    #[test]
    fn a_number_a_field_and_an_item_that_is_there_twice_are_seen() {
        let mut other = user(2);
        other.set_number(3);
        assert_ne!(sum(vec![user(1), other]), sum(vec![user(1), user(2)]));
        let Record::User(named) = user(2) else {
            unreachable!("it is a user")
        };
        let named = Record::User(User {
            name: "x".into(),
            ..named
        });
        assert_ne!(sum(vec![user(1), named]), sum(vec![user(1), user(2)]));
        assert_ne!(sum(vec![user(1), user(1)]), sum(vec![user(1), user(2)]));
        let mut with_numbers = sum(vec![]);
        with_numbers.add_numbers(Numbers::default());
        assert_ne!(with_numbers, sum(vec![]));
    }
}
