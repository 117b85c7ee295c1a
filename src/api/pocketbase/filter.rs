//! The query parameters `filter` and `sort`, over the one record that is visible.

use jiff::Timestamp;
use serde_json::Value;

use super::super::types::AuthRecord;
use super::error::Refused;
use super::update::is_field;
use crate::domain::User;
use crate::filter::{self, Context, Filter, Record, SUPERUSER_ONLY, Sort};

/// A filter that was understood; none holds for every record.
pub struct Condition(Option<Filter>);

/// A user with the record that the user is shown as.
struct Shown<'a> {
    user: &'a User,
    record: &'a AuthRecord,
}

impl Record for Shown<'_> {
    fn value(&self, field: &str) -> filter::Value<'_> {
        match (field, self.record.0.get(field)) {
            ("users_idtype" | "users_type", Some(Value::String(word))) => filter::Value::Choice(word),
            (_, Some(Value::String(text))) => filter::Value::Text(text),
            (_, Some(Value::Number(number))) => filter::Value::Number(number.as_f64().unwrap_or_default()),
            (_, Some(Value::Bool(value))) => filter::Value::Bool(*value),
            _ => filter::Value::Null,
        }
    }

    fn rowid(&self) -> u64 {
        self.user.number.0
    }
}

impl Condition {
    /// Reads a filter, and a sort, which one record does not need: it is refused all the same when it is wrong.
    ///
    /// # Errors
    /// [`Refused`] as PocketBase refuses.
    pub fn parse(filter: &str, sort: &str) -> Result<Self, Refused> {
        for (word, refused) in
            SUPERUSER_ONLY.into_iter().zip([Refused::COLLECTION_FILTER, Refused::REQUEST_FILTER])
        {
            if filter.contains(word) || sort.contains(word) {
                return Err(refused);
            }
        }
        let bad = |_| Refused::BAD_REQUEST;
        if !sort.is_empty() {
            Sort::parse(sort).and_then(|sort| sort.check(is_field)).map_err(bad)?;
        }
        if filter.is_empty() {
            return Ok(Self(None));
        }
        let filter = Filter::parse(filter).map_err(bad)?;
        filter.check(is_field).map_err(bad)?;
        Ok(Self(Some(filter)))
    }

    /// Whether the condition holds for `user`, who asks, and is shown as `record`.
    pub fn holds(&self, user: &User, record: &AuthRecord, now: Timestamp) -> bool {
        let shown = Shown { user, record };
        let context = Context { now, auth: Some(&shown), is_superuser: false };
        self.0.as_ref().is_none_or(|filter| filter.matches(&shown, &context))
    }
}
