//! Parts of responses that all routes share.

use std::time::Duration;

use poem::Response;
use poem::http::header;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaSchemaRef};

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
        headers: vec![],
    }
}
