//! Messages that tell subscribers of the change of a record.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::client::{Audience, Subscription};
use super::topic::Topic;
use crate::auth::{self, Principal};
use crate::filter::{Budget, TooCostly};
use crate::records::filter_record::FilterRecord;
use crate::records::list::Matcher;
use crate::records::view;
use crate::records::{Records, access};
use crate::store::{Action, Change, Record};

/// Steps that a wanted field takes, beside those for the record.
const FIELD_STEPS: usize = 256;

/// Bytes that are copied in a step.
const BYTES_COPIED: usize = 8;

/// Change of a record, and its JSON, which is made for the first subscriber that needs it.
pub struct RecordEvent {
    records: Records,
    change: Arc<Change>,
    record_json: OnceLock<Map<String, Value>>,
    /// Data of a message with the whole record, which most topics are sent.
    full_data: OnceLock<String>,
}

impl RecordEvent {
    pub fn new(records: &Records, change: Arc<Change>) -> Self {
        Self {
            records: records.clone(),
            change,
            record_json: OnceLock::new(),
            full_data: OnceLock::new(),
        }
    }

    /// Estimate of the memory that the event takes once its JSON is made, in bytes.
    pub fn bytes(&self) -> usize {
        4 * self.change.record.bytes()
    }

    /// Messages for the client of that id. The token is verified each time, so that nothing is sent after its end.
    ///
    /// # Errors
    /// [`TooCostly`] when the topics together take more than one evaluation may.
    pub async fn messages(
        &self,
        client_id: &str,
        subscription: &Subscription,
    ) -> Result<Vec<String>, TooCostly> {
        let record = &self.change.record;
        let topics = subscription.topics_about(record.kind(), record.id().as_str());
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        match auth::authenticate_as_of(&self.records.app, &subscription.token, record).await {
            // The topics follow the same rule; this asks the record itself.
            Ok(caller)
                if access::may_view(
                    Some(&caller.principal),
                    record.kind(),
                    record.id().as_str(),
                ) =>
            {
                self.matching_messages(client_id, &topics, caller.principal)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Message for each topic whose filter the record matches.
    fn matching_messages(
        &self,
        client_id: &str,
        topics: &[&Topic],
        principal: Principal,
    ) -> Result<Vec<String>, TooCostly> {
        let reader = Record::from(principal);
        let schemas = self.records.schemas();
        let matcher = Matcher::new(Some(&reader), &schemas, self.records.app.clock.now());
        let record = &self.change.record;
        let view = FilterRecord::new(record, schemas.of(record.kind()));
        let budget = Budget::new(Budget::EVALUATION);
        let mut messages = Vec::new();
        for topic in topics {
            if matcher.matches(topic.filter.as_ref(), &view, &budget)? {
                messages.push(message(client_id, &topic.name, &self.data(topic, &budget)?));
            }
        }
        Ok(messages)
    }

    /// Data of a message with the fields that the topic wants. To leave fields out takes time in proportion to the record and
    /// to their number.
    fn data(&self, topic: &Topic, budget: &Budget) -> Result<Cow<'_, str>, TooCostly> {
        if topic.fields.is_all() {
            let data = self
                .full_data
                .get_or_init(|| self.data_with(self.record_json()));
            // A copy is quick; its steps bound the memory that many messages take.
            budget.spend(data.len() / BYTES_COPIED)?;
            return Ok(data.into());
        }
        budget.spend(self.change.record.bytes() + FIELD_STEPS * topic.fields.len())?;
        let record = Value::Object(self.record_json().clone());
        Ok(self.data_with(&topic.fields.pick(record)).into())
    }

    fn record_json(&self) -> &Map<String, Value> {
        self.record_json
            .get_or_init(|| view::record(&self.change.record, &self.records.app.collections()))
    }

    fn data_with(&self, record: &impl Serialize) -> String {
        let action = match self.change.action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
        };
        json!({ "record": record, "action": action }).to_string()
    }
}

/// Message of PocketBase's stream of server-sent events.
pub fn message(client_id: &str, event: &str, data: &str) -> String {
    format!("id:{client_id}\nevent:{event}\ndata:{data}\n\n")
}

/// Audiences that a change of the record may concern.
pub fn audiences(record: &Record) -> [Audience; 2] {
    [
        Audience::Superusers,
        Audience::Record(record.kind(), record.id().to_string()),
    ]
}
