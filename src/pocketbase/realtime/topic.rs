//! Topics of a subscription: `collection/*`, `collection/id` or `collection`, and `?options=…` after it.

use std::collections::HashMap;

use serde::Deserialize;

use super::super::fields::Fields;
use crate::auth::Principal;
use crate::domain::{Collections, Kind};
use crate::filter::{Filter, SUPERUSER_ONLY};
use crate::records::access;
use crate::records::schema::Schemas;

/// Memory of a comparison of a filter, beside its text …
const COMPARISON_BYTES: usize = 256;
/// … and a wanted field.
const FIELD_BYTES: usize = 96;

/// Topic that its subscriber may be sent something about.
pub struct Topic {
    /// Text of the topic as it was subscribed to, which is the name of its events.
    pub name: String,
    pub kind: Kind,
    /// Id of the only record that it is about; none: all of the collection.
    pub id: Option<String>,
    pub filter: Option<Filter>,
    pub fields: Fields,
}

/// JSON after `?options=`, as far as it is used.
#[derive(Default, Deserialize)]
struct Options {
    #[serde(default)]
    query: HashMap<String, serde_json::Value>,
}

impl Topic {
    /// Reads a topic. None for one about which the principal can never be sent anything, be it unknown, forbidden, or with a
    /// filter that is wrong: PocketBase accepts them all, and is silent.
    pub fn parse(
        name: &str,
        principal: &Principal,
        collections: &Collections,
        schemas: &Schemas,
    ) -> Option<Self> {
        // A line break would end the line of the event that has the name in it.
        if name.contains(char::is_control) {
            return None;
        }
        let (path, query) = name.split_once('?').unwrap_or((name, ""));
        let (collection, id) = path.split_once('/').unwrap_or((path, "*"));
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == collection || collections.of(*kind).id == collection)?;
        let id = (id != "*").then(|| id.to_owned());
        let options = Options::parse(query);
        let filter = match options.get("filter") {
            "" => None,
            text => Some(filter(text, principal, kind, schemas)?),
        };
        // PocketBase sends the whole record, too, if it does not understand which fields are wanted.
        let fields = Fields::parse(Some(options.get("fields"))).unwrap_or_else(|_| Fields::all());
        let topic = Self {
            name: name.to_owned(),
            kind,
            id,
            filter,
            fields,
        };
        topic.is_open_to(principal).then_some(topic)
    }

    /// Whether the principal may see records of the topic, by the list and view rules of the collections.
    fn is_open_to(&self, principal: &Principal) -> bool {
        match &self.id {
            Some(id) => access::may_view(Some(principal), self.kind, id),
            None => access::may_list(principal, self.kind),
        }
    }

    /// Estimate of the memory that the topic takes, in bytes.
    pub fn bytes(&self) -> usize {
        let parts = COMPARISON_BYTES * self.comparisons() + FIELD_BYTES * self.fields.len();
        size_of::<Self>() + 2 * self.name.len() + parts
    }

    /// Number of comparisons in its filter.
    pub fn comparisons(&self) -> usize {
        self.filter.as_ref().map_or(0, Filter::comparisons)
    }

    /// Whether the topic is about that record.
    pub fn is_about(&self, kind: Kind, id: &str) -> bool {
        self.kind == kind && self.id.as_ref().is_none_or(|own| own == id)
    }
}

fn filter(text: &str, principal: &Principal, kind: Kind, schemas: &Schemas) -> Option<Filter> {
    let is_superuser = matches!(principal, Principal::Superuser(_));
    if !is_superuser && SUPERUSER_ONLY.iter().any(|word| text.contains(word)) {
        return None;
    }
    let schema = schemas.of(kind);
    let is_field = |name: &str| {
        if is_superuser {
            schema.field(name).is_some()
        } else {
            schema.shows(name)
        }
    };
    let filter = Filter::parse(text).ok()?;
    filter.check(is_field).ok()?;
    Some(filter)
}

impl Options {
    fn parse(query: &str) -> Self {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let options = pairs
            .find(|(key, _)| key == "options")
            .map(|(_, value)| value);
        options
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    fn get(&self, key: &str) -> &str {
        self.query
            .get(key)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    }
}
