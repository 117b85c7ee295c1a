//! Parts of a request that a rule may ask for.

use serde_json::{Map, Value};

/// Parts of a request that rules may ask for.
#[derive(Clone, Debug, Default)]
pub struct RequestInfo {
    /// The method, in capitals.
    pub method: String,
    /// The occasion, in PocketBase's words.
    pub context: &'static str,
    /// The first value of each parameter of the query.
    pub query: Map<String, Value>,
    /// The first value of each header, by its name in small letters with `_` for `-`.
    pub headers: Map<String, Value>,
    /// The body of what is no change of a record.
    pub body: Map<String, Value>,
}

impl RequestInfo {
    /// The same request on another occasion.
    #[must_use]
    pub fn on(&self, context: &'static str) -> Self {
        Self {
            context,
            ..self.clone()
        }
    }
}
