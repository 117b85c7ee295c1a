//! Topics of a subscription: `collection/*`, `collection/id` or `collection`, and `?options=…` after it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::fields::Fields;
use crate::domain::{Collections, Kind, RuleName};
use crate::filter::{Filter, SUPERUSER_ONLY};
use crate::http::request_info::header_name;
use crate::records::coerce;
use crate::records::rules::RequestInfo;
use crate::records::schema::Schemas;

/// Occasion on which rules are asked whether a subscriber hears of a record.
const REALTIME: &str = "realtime";

/// Memory of a comparison of a filter, beside its text …
const COMPARISON_BYTES: usize = 256;
/// … and a wanted field.
const FIELD_BYTES: usize = 96;

/// Memory of a parameter or header of the options, beside its texts.
const ENTRY_BYTES: usize = 96;

/// Parameters of the options that are the topic's own.
const READ: [&str; 2] = ["filter", "fields"];

/// Topic that its subscriber may be sent something about.
pub struct Topic {
    /// Text of the topic as it was subscribed to, which is the name of its events.
    pub name: String,
    pub kind: Kind,
    /// Id of the only record that it is about; none: all of the collection.
    pub id: Option<String>,
    pub filter: Option<Filter>,
    pub fields: Fields,
    /// The subscription as rules see it.
    pub info: RequestInfo,
}

/// JSON after `?options=`, as far as it is used.
#[derive(Default, Deserialize)]
struct Options {
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    headers: Map<String, Value>,
}

impl Topic {
    /// Reads a topic. None for one about which the subscriber can never be sent anything, be it unknown, of superusers, or with a
    /// filter that is wrong: PocketBase accepts them all, and is silent. What rules let see is asked when there is an event.
    pub fn parse(
        name: &str,
        is_superuser: bool,
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
            .find(|kind| kind.name() == collection || collections.of(*kind).id == collection)
            .filter(|kind| is_superuser || *kind != Kind::Superusers)?;
        let id = (id != "*").then(|| id.to_owned());
        let options = Options::parse(query);
        let filter = match options.get("filter") {
            "" => None,
            text => Some(filter(text, is_superuser, kind, schemas)?),
        };
        // PocketBase sends the whole record, too, if it does not understand which fields are wanted.
        let fields = Fields::parse(Some(options.get("fields"))).unwrap_or_else(|_| Fields::all());
        Some(Self {
            name: name.to_owned(),
            kind,
            id,
            filter,
            fields,
            info: options.into_info(),
        })
    }

    /// The rule that lets hear of a record.
    pub fn rule(&self) -> RuleName {
        match self.id {
            Some(_) => RuleName::View,
            None => RuleName::List,
        }
    }

    /// Estimate of the memory that the topic takes, in bytes.
    pub fn bytes(&self) -> usize {
        let parts = COMPARISON_BYTES * self.comparisons() + FIELD_BYTES * self.fields.len();
        let info = text_bytes(&self.info.query) + text_bytes(&self.info.headers);
        size_of::<Self>() + 2 * self.name.len() + info + parts
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

fn filter(text: &str, is_superuser: bool, kind: Kind, schemas: &Schemas) -> Option<Filter> {
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

/// A value of the options, which are texts.
fn text_of(value: Value) -> Value {
    match value {
        text @ Value::String(_) => text,
        other => coerce::text(&other).into(),
    }
}

fn text_bytes(map: &Map<String, Value>) -> usize {
    let texts = map
        .iter()
        .map(|(name, value)| ENTRY_BYTES + name.len() + value.as_str().map_or(0, str::len));
    texts.sum()
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

    /// The subscription as rules see it. What the topic has read already is not kept twice.
    fn into_info(self) -> RequestInfo {
        let query = self.query.into_iter();
        let query = query.filter(|(name, _)| !READ.contains(&name.as_str()));
        let headers = self.headers.into_iter();
        RequestInfo {
            method: "GET".to_owned(),
            context: REALTIME,
            query: query.map(|(name, value)| (name, text_of(value))).collect(),
            headers: headers
                .map(|(name, value)| (header_name(&name), text_of(value)))
                .collect(),
            body: Map::new(),
        }
    }

    fn get(&self, key: &str) -> &str {
        self.query
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}
