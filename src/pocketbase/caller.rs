//! Callers of PocketBase's API: the token, and the request as access rules see it.

use std::ops::Deref;

use poem::http::HeaderMap;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::{Map, Value};

use crate::http::bearer::Bearer;
use crate::records::rules::RequestInfo;

/// Occasion of every request that is no other one.
pub const DEFAULT: &str = "default";

/// Bearer of a token, with the request that it came with.
pub struct Caller {
    bearer: Bearer,
    /// The request, without its body.
    pub info: RequestInfo,
}

impl Deref for Caller {
    type Target = Bearer;

    fn deref(&self) -> &Bearer {
        &self.bearer
    }
}

impl<'a> ApiExtractor<'a> for Caller {
    const TYPES: &'static [ApiExtractorType] = <Bearer as ApiExtractor<'a>>::TYPES;
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Bearer::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        Bearer::security_schemes()
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self {
            bearer: Bearer::from_request(request, body, options).await?,
            info: info_of(request),
        })
    }
}

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
