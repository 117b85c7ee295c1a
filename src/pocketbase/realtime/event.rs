//! A change, as each subscriber may be told it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use poem_openapi::types::ToJSON;
use serde::Serialize;
use serde_json::json;

use super::super::Context;
use super::client::{Audience, Binding};
use super::topic::Topic;
use crate::auth::{self, Principal};
use crate::filter::{Budget, TooCostly};
use crate::http::wire_types::AuthRecord;
use crate::records::filter_record::FilterRecord;
use crate::records::list::Matcher;
use crate::records::view;
use crate::store::{Action, Change, Record};

/// The steps that a wanted field takes, beside those for the record.
const FIELD: usize = 256;

/// Bytes that are copied in a step.
const COPIED: usize = 8;

/// A change with its record as PocketBase writes it, which is written when the first one is to be told.
pub struct Event {
    context: Context,
    change: Arc<Change>,
    shown: OnceLock<AuthRecord>,
    /// What most topics are sent: the whole record.
    whole: OnceLock<String>,
}

impl Event {
    pub fn new(context: &Context, change: Arc<Change>) -> Self {
        Self {
            context: context.clone(),
            change,
            shown: OnceLock::new(),
            whole: OnceLock::new(),
        }
    }

    /// About how much memory it takes once it is written, in bytes.
    pub fn bytes(&self) -> usize {
        4 * self.change.record.bytes()
    }

    /// What is sent to the client of that id. The token is verified each time, so that nothing is told after its end.
    ///
    /// # Errors
    /// [`TooCostly`] when the topics together take more than one evaluation may.
    pub async fn messages(
        &self,
        client_id: &str,
        binding: &Binding,
    ) -> Result<Vec<String>, TooCostly> {
        let record = &self.change.record;
        let about = |topic: &&Topic| topic.is_about(record.kind(), record.id().as_str());
        let topics: Vec<_> = binding.topics.iter().filter(about).collect();
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        match auth::authenticate_as_of(&self.context.app, &binding.token, record).await {
            Ok(caller) if self.is_visible_to(&caller.principal) => {
                self.wanted(client_id, &topics, caller.principal)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What the topics were already chosen by, asked of the record itself.
    fn is_visible_to(&self, who: &Principal) -> bool {
        match (&self.change.record, who) {
            (_, Principal::Superuser(_)) | (Record::Company(_), _) => true,
            (Record::User(user), Principal::User(own)) => user.id == own.id,
            (Record::Superuser(_), Principal::User(_)) => false,
        }
    }

    /// A message for each topic whose filter holds.
    fn wanted(
        &self,
        client_id: &str,
        topics: &[&Topic],
        who: Principal,
    ) -> Result<Vec<String>, TooCostly> {
        let reader = Record::from(who);
        let schemas = self.context.records.schemas();
        let record = &self.change.record;
        let view = FilterRecord::new(record, schemas.of(record.kind()));
        let matcher = Matcher::new(Some(&reader), &schemas, self.context.app.clock.now());
        let budget = Budget::new(Budget::EVALUATION);
        let mut messages = Vec::new();
        for topic in topics {
            let filter = topic.filter.as_ref();
            if matcher.matches(filter, &view, &budget)? {
                messages.push(message(client_id, &topic.name, &self.data(topic, &budget)?));
            }
        }
        Ok(messages)
    }

    /// The record as the topic wants it. To leave something out takes time in proportion to the record and to its fields.
    fn data(&self, topic: &Topic, budget: &Budget) -> Result<Cow<'_, str>, TooCostly> {
        if topic.fields.is_all() {
            let whole = self.whole.get_or_init(|| self.write(&self.shown().0));
            // To copy is quick; it is the memory for many messages that has a bound by this.
            budget.spend(whole.len() / COPIED)?;
            return Ok(whole.into());
        }
        budget.spend(self.change.record.bytes() + FIELD * topic.fields.len())?;
        let shown = self.shown().to_json().unwrap_or_default();
        Ok(self.write(&topic.fields.pick(shown)).into())
    }

    fn shown(&self) -> &AuthRecord {
        self.shown.get_or_init(|| {
            AuthRecord(view::record(
                &self.change.record,
                &self.context.app.collections(),
            ))
        })
    }

    fn write(&self, record: &impl Serialize) -> String {
        let action = match self.change.action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
        };
        json!({ "record": record, "action": action }).to_string()
    }
}

/// A message of PocketBase's stream.
pub fn message(client_id: &str, name: &str, data: &str) -> String {
    format!("id:{client_id}\nevent:{name}\ndata:{data}\n\n")
}

/// Whom a change may concern. All others are not even looked at.
pub fn audiences(record: &Record) -> [Audience; 2] {
    [
        Audience::Superusers,
        Audience::Of(record.kind(), record.id().to_string()),
    ]
}
