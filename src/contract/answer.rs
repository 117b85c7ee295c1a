//! Outcomes of an operation, told once for the document: its success, and the statuses of its errors.

use poem::http::{HeaderValue, header};
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::{ToJSON, Type};

use super::error::ErrorResponse;
use crate::http::response::{JSON, documented};

/// Nobody on the way may keep a token or a profile. PocketBase says nothing of the kind, so its own paths do not either.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The documented outcomes of an operation, in the contract's words.
pub trait Outcomes {
    /// The body of a success.
    type Body: ToJSON;
    /// Meaning of status 200.
    const OK: &'static str;
    /// The other statuses and what they mean; handlers return them as errors.
    const ERRORS: &'static [(u16, &'static str)];
}

/// A success of the operation with the outcomes `O`.
pub struct Answer<O: Outcomes>(pub O::Body);

impl<O: Outcomes> IntoResponse for Answer<O>
where
    O::Body: Send,
{
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .content_type(JSON)
            .body(self.0.to_json_string());
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, NO_STORE);
        response
    }
}

impl<O: Outcomes> ApiResponse for Answer<O> {
    fn meta() -> MetaResponses {
        let errors = O::ERRORS
            .iter()
            .map(|(status, text)| documented(*status, text, Some(ErrorResponse::schema_ref())));
        let success = documented(200, O::OK, Some(O::Body::schema_ref()));
        MetaResponses {
            responses: std::iter::once(success).chain(errors).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        O::Body::register(registry);
        ErrorResponse::register(registry);
    }
}
