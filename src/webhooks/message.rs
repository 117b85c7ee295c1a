//! Messages as they go out: the form of Standard Webhooks, with the user as PocketBase's API has it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, json};

use super::signature::signature;
use crate::config::WebhookSecret;
use crate::domain::{Collections, UserEvent};
use crate::records::changed_fields::changed_fields;
use crate::records::view::{self, RecordView};

/// A message of a moment, signed.
pub struct Signed {
    /// The same at every try, by which a receiver knows it again.
    pub id: String,
    /// Time of the try, in Unix seconds.
    pub seconds: i64,
    /// The value of the header.
    pub signature: String,
    /// JSON.
    pub body: Vec<u8>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    changed: Vec<String>,
    user: RecordView<'a>,
}

/// Names of the fields that changed; none but of a profile.
fn changed(event: &UserEvent, collections: &Collections) -> Vec<String> {
    let before = event.before.as_ref();
    before.map_or_else(Vec::new, |before| {
        changed_fields(before, &event.user, collections)
    })
}

impl Signed {
    /// The message about this event.
    pub fn about(
        event: &UserEvent,
        collections: &Collections,
        secret: &WebhookSecret,
        now: Timestamp,
    ) -> Option<Self> {
        let data = Data {
            changed: changed(event, collections),
            user: view::user(&event.user, &collections.users),
        };
        let body = Body {
            r#type: event.kind.name(),
            timestamp: event.at.to_string(),
            data,
        };
        let body = serde_json::to_vec(&body).ok()?;
        Self::new(event.id.clone(), body, secret, now)
    }

    /// A message that is about nobody, to try out.
    pub fn test(id: String, secret: &WebhookSecret, now: Timestamp) -> Option<Self> {
        let body = json!({ "type": "test", "timestamp": now.to_string(), "data": Map::new() });
        Self::new(id, body.to_string().into_bytes(), secret, now)
    }

    fn new(id: String, body: Vec<u8>, secret: &WebhookSecret, now: Timestamp) -> Option<Self> {
        let seconds = now.as_second();
        let signature = signature(secret.key(), &id, seconds, &body)?;
        Some(Self {
            id,
            seconds,
            signature,
            body,
        })
    }
}
