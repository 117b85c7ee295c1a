//! Messages that tell subscribers of the change of a record.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::client::{Audience, Subscription};
use super::topic::Topic;
use crate::auth;
use crate::filter::{Budget, TooCostly};
use crate::records::Records;
use crate::records::access::Access;
use crate::records::filter_record::FilterRecord;
use crate::records::list::Matcher;
use crate::records::reader::Reader;
use crate::records::rules::{Rule, RuleSet, SurroundingRecords};
use crate::records::view;
use crate::store::{Action, Change, Record};

/// Steps that a wanted field takes, beside those for the record.
const FIELD_STEPS: usize = 256;

/// Bytes that are copied in a step.
const BYTES_COPIED: usize = 8;

/// Change of a record.
pub struct RecordEvent {
    records: Records,
    change: Arc<Change>,
    /// Data of a message with the whole record, which most topics are sent, for each [`Sight`].
    full_data: [OnceLock<String>; 4],
}

/// The fields that a subscriber sees.
#[derive(Clone, Copy)]
struct Sight {
    has_email: bool,
    has_hidden: bool,
}

impl Sight {
    fn index(self) -> usize {
        usize::from(self.has_email) + 2 * usize::from(self.has_hidden)
    }
}

impl RecordEvent {
    pub fn new(records: &Records, change: Arc<Change>) -> Self {
        Self {
            records: records.clone(),
            change,
            full_data: Default::default(),
        }
    }

    /// Estimate of the memory that the event takes once its JSON is made, in bytes.
    pub fn bytes(&self) -> usize {
        4 * self.change.record.bytes()
    }

    /// Messages for the client of that id. The token is verified each time, so that nothing is sent after its end.
    ///
    /// # Errors
    /// [`TooCostly`] when the topics together take more than one evaluation may; rules do not count, so that nobody is told in
    /// this way of a record that they hide.
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
        let Some(reader) = self.reader(subscription).await else {
            return Ok(Vec::new());
        };
        let rules = Budget::new(Budget::EVALUATION);
        let budget = Budget::new(Budget::EVALUATION);
        let mut messages = Vec::new();
        for topic in topics {
            let access = Access::new(&self.records, reader.clone(), topic.info.clone());
            if self.lets_hear(topic, &access, &rules) && self.is_wanted(topic, &access, &budget)? {
                let data = self.data(topic, &access, &budget)?;
                messages.push(message(client_id, &topic.name, &data));
            }
        }
        Ok(messages)
    }

    /// Whoever the subscription is for now; nobody once their token has ended.
    async fn reader(&self, subscription: &Subscription) -> Option<Reader> {
        let Some(token) = &subscription.token else {
            return Some(Reader::Nobody);
        };
        let app = &self.records.app;
        let authentication = auth::authenticate_as_of(app, token, &self.change.record);
        Some(Reader::Principal(authentication.await.ok()?.principal))
    }

    /// Whether the rule lets the subscriber hear of the record. One that costs too much lets nobody.
    fn lets_hear(&self, topic: &Topic, access: &Access, budget: &Budget) -> bool {
        let surroundings = self.surroundings(access);
        let allowed =
            access.allows_within(topic.rule(), &self.change.record, &surroundings, budget);
        allowed.unwrap_or_else(|error| {
            tracing::warn!(%error, "an access rule costs too much: a subscriber hears nothing of a record");
            false
        })
    }

    /// The records that a rule may look at: the one that was removed is still among them, as it was.
    fn surroundings(&self, access: &Access) -> SurroundingRecords {
        let record = &self.change.record;
        match self.change.action {
            Action::Create | Action::Update => access.surroundings(),
            Action::Delete => access.surroundings().with(
                vec![record.clone()],
                vec![(record.kind(), record.id().clone())],
            ),
        }
    }

    /// Whether the filter of the topic asks for the record.
    fn is_wanted(
        &self,
        topic: &Topic,
        access: &Access,
        budget: &Budget,
    ) -> Result<bool, TooCostly> {
        let record = &self.change.record;
        let view = FilterRecord::new(record, access.schemas().of(record.kind()));
        Matcher::new(access).matches(topic.filter.as_ref(), &view, budget)
    }

    /// Data of a message with the fields that the topic wants. To leave fields out takes time in proportion to the record and
    /// to their number.
    fn data(
        &self,
        topic: &Topic,
        access: &Access,
        budget: &Budget,
    ) -> Result<Cow<'_, str>, TooCostly> {
        let surroundings = self.surroundings(access);
        let sight = Sight {
            has_email: access.sees_email_within(&self.change.record, &surroundings, budget)?,
            has_hidden: access.is_superuser(),
        };
        if topic.fields.is_all() {
            let full_data = &self.full_data[sight.index()];
            let data = full_data.get_or_init(|| self.data_with(&self.record_json(sight)));
            // A copy is quick; its steps bound the memory that many messages take.
            budget.spend(data.len() / BYTES_COPIED)?;
            return Ok(data.into());
        }
        budget.spend(self.change.record.bytes() + FIELD_STEPS * topic.fields.len())?;
        let record = Value::Object(self.record_json(sight));
        Ok(self.data_with(&topic.fields.pick(record)).into())
    }

    fn record_json(&self, sight: Sight) -> Map<String, Value> {
        let collections = self.records.app.collections();
        let mut record = view::record(&self.change.record, &collections);
        if !sight.has_email {
            record = record.without("email");
        }
        if !sight.has_hidden {
            record = record.without_hidden();
        }
        record.to_map()
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

/// Audiences that a change of the record may concern, by the list rule of its collection.
pub fn audiences(rules: &RuleSet, record: &Record) -> Vec<Audience> {
    let kind = record.kind();
    let mut audiences = vec![
        Audience::Superusers,
        Audience::Record(kind, record.id().to_string()),
    ];
    let is_for_others = match &rules.of(kind).list {
        Rule::SuperusersOnly => false,
        Rule::Everybody => true,
        Rule::Filter(filter) => !filter.demands_own(),
    };
    if is_for_others {
        audiences.push(Audience::Collection(kind));
    }
    audiences
}
