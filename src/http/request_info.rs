//! Requests as access rules see them.

use poem::Request;
use poem::http::HeaderMap;
use serde_json::{Map, Value};

use crate::records::rules::RequestInfo;

/// Occasion of every request that is no other one.
const DEFAULT: &str = "default";

/// The request as rules see it, without its body.
pub fn info_of(request: &Request) -> RequestInfo {
    RequestInfo {
        method: request.method().as_str().to_owned(),
        context: DEFAULT,
        query: query(request.uri().query().unwrap_or_default()),
        headers: headers(request.headers()),
        body: Map::new(),
    }
}

/// The first value of each parameter of a query.
pub fn query(text: &str) -> Map<String, Value> {
    let mut query = Map::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        query
            .entry(name)
            .or_insert_with(|| value.into_owned().into());
    }
    query
}

/// The first value of each header, by its name as PocketBase writes it.
fn headers(map: &HeaderMap) -> Map<String, Value> {
    let first = map.keys().filter_map(|name| {
        let value = map.get(name)?.to_str().ok()?;
        Some((header_name(name.as_str()), value.into()))
    });
    first.collect()
}

/// The name of a header in rules: small letters, and `_` for `-`.
pub fn header_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}
