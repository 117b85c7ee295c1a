//! Parts of responses that all routes share.

use std::time::Duration;

use poem::Response;
use poem::http::{StatusCode, header};
use poem_openapi::registry::{MetaHeader, MetaMediaType, MetaResponse, MetaSchemaRef};
use poem_openapi::types::Type;

const TOO_MANY_REQUESTS: u16 = StatusCode::TOO_MANY_REQUESTS.as_u16();

/// Meaning of `Retry-After` in the document.
pub const RETRY_AFTER_TEXT: &str = "多少秒后再试";

/// The media type of every body, in and out.
pub const JSON: &str = "application/json";

/// The response, with the time after which its client may try again.
pub fn with_retry_after(mut response: Response, retry_after: Duration) -> Response {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, whole_secs(retry_after).into());
    response
}

/// Seconds of `duration`, rounded up.
pub fn whole_secs(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// A status in the document, with a body of `schema` if it has one.
pub fn documented(
    status: u16,
    description: &'static str,
    schema: Option<MetaSchemaRef>,
) -> MetaResponse {
    let content = schema
        .map(|schema| MetaMediaType {
            content_type: JSON,
            schema,
        })
        .into_iter()
        .collect();
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content,
        headers: (status == TOO_MANY_REQUESTS)
            .then(retry_after)
            .into_iter()
            .collect(),
    }
}

/// The header that every 429 has.
fn retry_after() -> MetaHeader {
    MetaHeader {
        name: "Retry-After".to_owned(),
        description: Some(RETRY_AFTER_TEXT.to_owned()),
        required: true,
        deprecated: false,
        schema: u64::schema_ref(),
    }
}
