//! Context that a filter may ask for beyond the record.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::budget::TooCostly;
use super::record::Record;

/// The parts of a request that rules may ask for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The occasion: `default`, `batch`, `realtime`, `expand`, `password`, `oauth2`, `otp` or `protectedFile`.
    pub context: &'a str,
    /// The first value of each parameter of the query.
    pub query: Option<&'a Map<String, Json>>,
    /// The first value of each header, by its name in small letters with `_` for `-`.
    pub headers: Option<&'a Map<String, Json>>,
    /// The body, in which the modifiers of fields (`field+`) have been applied, and the values of fields are of their type.
    pub body: Option<&'a Map<String, Json>>,
}

/// Callback that looks at a record, and tells whether that was the last one that it has to see.
pub type Look<'a> = dyn FnMut(&dyn Record) -> Result<bool, TooCostly> + 'a;

/// The records of all collections, for filters that look at others than the one they are evaluated for.
pub trait Records {
    /// Shows `look` every record of `collection`, until it has seen enough, and tells whether it has. Only those matter that have
    /// the value of each of `pins`: one of these may be looked up in an index, and the others are not required to be heeded.
    ///
    /// # Errors
    /// The error of `look`. Whoever cannot read the records remembers why and answers [`TooCostly`], too: the evaluation ends.
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
