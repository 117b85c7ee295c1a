//! Columns of the deployment's own that a scan looks at: of each user's JSON, these only are read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

use super::query::ListQuery;
use crate::domain::{Kind, User};
use crate::filter::{Filter, Sort, Value};
use crate::records::fields::tables::BuiltIn as _;
use crate::records::filter_record::{column_value, flat};
use crate::records::schema::Schema;

/// Columns of the deployment's own that a query names.
pub struct OwnColumns<'a> {
    names: Vec<&'a str>,
    schema: &'a Schema,
}

impl<'a> OwnColumns<'a> {
    /// Those that the query names.
    pub fn of(query: &'a ListQuery, schema: &'a Schema) -> Self {
        let mut names: Vec<_> = query.filter.iter().flat_map(Filter::fields).collect();
        names.extend(query.sort.iter().flat_map(Sort::fields));
        names.retain(|name| User::field(name).is_none());
        names.sort_unstable();
        names.dedup();
        Self { names, schema }
    }

    /// Their values in the JSON of a user, in the order of their names.
    pub fn read(&self, columns: &str) -> Vec<Option<Json>> {
        if columns.is_empty() {
            return vec![None; self.names.len()];
        }
        let mut reader = serde_json::Deserializer::from_str(columns);
        let read = Wanted(&self.names).deserialize(&mut reader);
        read.unwrap_or_else(|_| vec![None; self.names.len()])
    }

    /// Value of a column, of those that [`OwnColumns::read`] gave.
    pub fn value<'b>(&'b self, name: &str, read: &'b [Option<Json>]) -> Value<'b> {
        let place = self.names.binary_search(&name).ok();
        let value = place.and_then(|place| read.get(place)?.as_ref());
        column_value(self.schema, Kind::Users, name, value)
    }
}

/// Names of the members of an object that are read.
struct Wanted<'a>(&'a [&'a str]);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = Vec<Option<Json>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Vec<Option<Json>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut values = vec![None; self.0.len()];
        while let Some(Name(name)) = members.next_key()? {
            match self.0.binary_search(&name.as_ref()) {
                Ok(place) => values[place] = Some(flat(members.next_value()?)),
                Err(_) => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(values)
    }
}

/// Name of a member, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
