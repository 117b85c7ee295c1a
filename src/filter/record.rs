//! Records as filters see them, and what else a filter may ask for.

use jiff::Timestamp;

use super::budget::TooCostly;
use super::request::Request;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No such field, or nothing in it.
    Null,
    /// Of a text, e-mail or date field.
    Text(&'a str),
    /// Of a field that takes one of a list of texts, or the id of a record; it counts its values under `:length`.
    Choice(&'a str),
    /// Of a field that takes several of such texts: the JSON of a list.
    Choices(&'a str),
    /// Of a number field.
    Number(f64),
    /// Of a boolean field.
    Bool(bool),
}

/// Record as a filter sees it.
pub trait Record {
    /// The value of the field of that name.
    fn value(&self, field: &str) -> Value<'_>;

    /// The record's place in the order of creation.
    fn rowid(&self) -> u64;

    /// Whether it is in a table. The record that a create rule looks at is not yet: its numbers and texts are compared as they are.
    fn is_stored(&self) -> bool {
        true
    }
}

/// Callback that looks at a record, and tells whether that was the last one that it has to see.
pub type Look<'a> = dyn FnMut(&dyn Record) -> Result<bool, TooCostly> + 'a;

/// The records of all collections, for filters that look at others than the one they are evaluated for.
pub trait Records {
    /// Shows `look` every record of `collection`, until it has seen enough, and tells whether it has. Only those matter that have
    /// the value of each of `pins`: one of these may be looked up in an index, and the others are not required to be heeded.
    ///
    /// # Errors
    /// What `look` answers. Whoever cannot read the records remembers why and answers [`TooCostly`], too: the evaluation ends.
    fn visit(
        &self,
        collection: &str,
        pins: &[(&str, &str)],
        look: &mut Look<'_>,
    ) -> Result<bool, TooCostly>;
}

/// Context that a filter may ask for beyond the record.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The time of `@now` and its like.
    pub now: Timestamp,
    /// The record of `@request.auth`.
    pub auth: Option<&'a dyn Record>,
    /// Whether a superuser asks; others find by e-mail only those who show theirs.
    pub is_superuser: bool,
    /// The request, of which filters read by [`Filter::parse`](super::Filter::parse) ask for nothing.
    pub request: Request<'a>,
    /// The records that the filter joins; without them, a filter that does is [`TooCostly`].
    pub records: Option<&'a dyn Records>,
}

impl Context<'_> {
    /// Context of nobody, without a request.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            auth: None,
            is_superuser: false,
            request: Request::default(),
            records: None,
        }
    }
}
