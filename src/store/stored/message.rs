//! Messages of the outbox.

use serde::{Deserialize, Serialize};

use super::{decode, decode_user, encode, encode_user, time};
use crate::domain::{HookId, UserEvent, UserEventKind};
use crate::store::Error;

const MESSAGE_V1: u8 = 1;

/// A message without its place, which is the key. Order of fields is the format.
#[derive(Serialize, Deserialize)]
struct StoredMessage<'a> {
    id: &'a str,
    at_ms: i64,
    kind: &'a str,
    user_id: &'a str,
    /// The user as [`encode_user`] makes it, of whatever version.
    user: &'a [u8],
    /// The same before a change of fields.
    before: Option<&'a [u8]>,
}

impl StoredMessage<'_> {
    fn into_event(self) -> Option<UserEvent> {
        Some(UserEvent {
            id: self.id.to_owned(),
            at: time(self.at_ms)?,
            kind: UserEventKind::parse(self.kind)?,
            user: decode_user(self.user_id, self.user).ok()?,
            before: match self.before {
                Some(before) => Some(decode_user(self.user_id, before).ok()?),
                None => None,
            },
        })
    }
}

/// The bytes of a message, to be stored under that place.
pub fn encode_message(hook: HookId, number: u64, event: &UserEvent) -> Result<Vec<u8>, Error> {
    let user = encode_user(&event.user)?;
    let before = event.before.as_ref().map(encode_user).transpose()?;
    let stored = StoredMessage {
        id: &event.id,
        at_ms: event.at.as_millisecond(),
        kind: event.kind.name(),
        user_id: event.user.id.as_str(),
        user: &user,
        before: before.as_deref(),
    };
    encode(&key(hook, number), MESSAGE_V1, &stored)
}

/// The message in `bytes`, stored under that place.
pub fn decode_message(hook: HookId, number: u64, bytes: &[u8]) -> Result<UserEvent, Error> {
    let stored: Option<StoredMessage<'_>> = decode(&key(hook, number), MESSAGE_V1, bytes);
    let event = stored.and_then(StoredMessage::into_event);
    event.ok_or_else(|| Error::Damaged(format!("message {number} of the outbox")))
}

fn key(hook: HookId, number: u64) -> String {
    format!("{}-{number}", hook.0)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{IdType, OpenId, RecordId, TokenKey, User};

    const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/stored/message_v1.bin");

    #[test]
    fn version_1_of_a_message_is_read_as_it_was_written() {
        let now = Timestamp::from_millisecond(1_795_327_836_858).unwrap();
        let before = User::new(
            RecordId::parse("qs1c5qev8o3hjvu").unwrap(),
            OpenId::parse("o_1").unwrap(),
            IdType::WeChat,
            Uuid::from_bytes([7; 16]),
            TokenKey::new([9; 16]),
            now,
        );
        let event = UserEvent {
            id: "msg_4k2j9x0a1b".to_owned(),
            at: now,
            kind: UserEventKind::Profile,
            user: User {
                name: "张三".to_owned(),
                ..before.clone()
            },
            before: Some(before),
        };
        let hook = HookId(7);
        assert_eq!(decode_message(hook, 42, GOLDEN).unwrap(), event);
        assert_eq!(encode_message(hook, 42, &event).unwrap(), GOLDEN);
        assert!(decode_message(hook, 43, GOLDEN).is_err());
    }
}
