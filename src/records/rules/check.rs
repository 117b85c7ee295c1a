//! Reading a rule's text.

use super::rule::Rule;
use crate::filter::{self, Filter};
use crate::records::schema::Schema;

/// Names of a record's fields that no schema has.
const OF_EVERY_RECORD: [&str; 2] = ["collectionId", "collectionName"];

/// Reads the text of a rule of a collection with these fields; `None`: superusers only, empty: everybody. Rules may look at fields
/// that nobody sees.
///
/// # Errors
/// [`filter::Error`], which names the place.
pub fn check(text: Option<&str>, schema: &Schema) -> Result<Rule, filter::Error> {
    match text.map(str::trim) {
        None => Ok(Rule::SuperusersOnly),
        Some("") => Ok(Rule::Everybody),
        Some(text) => {
            let filter = Filter::parse(text)?;
            filter.check(|name| schema.field(name).is_some() || OF_EVERY_RECORD.contains(&name))?;
            Ok(Rule::Filter(filter))
        }
    }
}
