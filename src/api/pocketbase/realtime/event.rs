//! A change, as each subscriber may be told it.

use std::borrow::Cow;
use std::sync::OnceLock;

use poem_openapi::types::ToJSON;
use serde::Serialize;
use serde_json::json;

use super::super::Context;
use super::super::fields::Fields;
use super::super::row::Row;
use super::hub::{Audience, Binding};
use super::topic::Topic;
use crate::api::types::AuthRecord;
use crate::api::view;
use crate::auth::{self, Who};
use crate::filter;
use crate::store::{Action, Change, Record};

/// A change with its record as PocketBase writes it.
pub struct Event<'a> {
    context: &'a Context,
    change: &'a Change,
    shown: AuthRecord,
    /// What most topics are sent: the whole record.
    whole: OnceLock<String>,
}

impl<'a> Event<'a> {
    pub fn new(context: &'a Context, change: &'a Change) -> Self {
        Self {
            context,
            change,
            shown: view::record(&change.record, context.app.collections()),
            whole: OnceLock::new(),
        }
    }

    /// What is sent to the client of that id. The token is verified each time, so that nothing is told after its end.
    pub async fn messages(&self, client_id: &str, binding: &Binding) -> Vec<String> {
        let record = &self.change.record;
        let about = |topic: &&Topic| topic.is_about(record.kind(), record.id().as_str());
        let topics: Vec<_> = binding.topics.iter().filter(about).collect();
        if topics.is_empty() {
            return Vec::new();
        }
        match auth::caller_beside(&self.context.app, &binding.token, &self.change.record).await {
            Ok(caller) if self.is_visible_to(&caller.who) => {
                let wanted = topics.into_iter().filter(|topic| self.is_wanted(topic, &caller.who));
                wanted.map(|topic| message(client_id, &topic.name, &self.data(&topic.fields))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What the topics were already chosen by, asked of the record itself.
    fn is_visible_to(&self, who: &Who) -> bool {
        match (&self.change.record, who) {
            (_, Who::Superuser(_)) | (Record::Company(_), _) => true,
            (Record::User(user), Who::User(own)) => user.id == own.id,
            (Record::Superuser(_), Who::User(_)) => false,
        }
    }

    fn is_wanted(&self, topic: &Topic, who: &Who) -> bool {
        let Some(filter) = &topic.filter else { return true };
        let own = match who {
            Who::User(user) => Record::User((**user).clone()),
            Who::Superuser(superuser) => Record::Superuser((**superuser).clone()),
        };
        let auth = self.row(&own);
        let context = filter::Context {
            now: self.context.app.clock.now(),
            auth: Some(&auth),
            is_superuser: matches!(who, Who::Superuser(_)),
        };
        filter
            .matches(
                &self.row(&self.change.record),
                &context,
                &filter::Budget::new(filter::Budget::EVALUATION),
            )
            .unwrap_or(false)
    }

    fn row<'b>(&'b self, record: &'b Record) -> Row<'b> {
        Row::new(record, self.context.schemas().of(record.kind()))
    }

    fn data(&self, fields: &Fields) -> Cow<'_, str> {
        if fields.is_all() {
            self.whole.get_or_init(|| self.write(&self.shown.0)).into()
        } else {
            self.write(&fields.pick(self.shown.to_json().unwrap_or_default())).into()
        }
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
    [Audience::Superusers, Audience::Of(record.kind(), record.id().to_string())]
}
